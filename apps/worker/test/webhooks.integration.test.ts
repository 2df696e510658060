import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { rest, stack, start, submitMany, withRedis } from "./fault-run.ts";
import type { Received, WebhookReceiver } from "./webhook-receiver.ts";
import { register } from "./webhook-run.ts";

/** The ids of events under which a receiver heard of each job. */
function idsByJob(received: readonly Received[]): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { id, event } of received) {
    const jobId = (event.data as { id: string }).id;
    ids.set(jobId, (ids.get(jobId) ?? new Set()).add(id));
  }
  return ids;
}

function expectEachOnceByOneId(receiver: WebhookReceiver, jobIds: readonly string[]): void {
  expect(receiver.faults).toEqual([]);
  const ids = idsByJob(receiver.received);
  expect([...ids.keys()].sort()).toEqual([...jobIds].sort());
  expect([...ids.values()].filter((own) => own.size !== 1)).toEqual([]);
}

describe("webhooks", () => {
  it("tell of each job under one id, though receivers fail, workers are killed and Redis is wiped", async () => {
    await start({
      workers: 2,
      environment: { WEBHOOK_RETRY_SCHEDULE: Array(12).fill("200ms").join() },
    });
    await stack.rule({ match: { contains: "number 7," }, respond: { blockReason: "SAFETY" } });
    await stack.rule({
      match: { contains: "number 8," },
      respond: { status: 400, json: { error: { code: 400 } } },
    });
    const steady = await register();
    const shaky = await register();
    let turn = 0;
    shaky.answer = (request, response) => {
      turn = (turn * 1_103_515_245 + 12_345) % 2_147_483_648;
      if (turn % 100 < 35) response.writeHead(500).end("not now");
      else if (turn % 100 < 40) request.socket.destroy();
      else response.writeHead(200).end();
    };
    const onlyFailures = await register(["job.failed"]);

    const accepted: string[] = [];
    for (let part = 0; part < 3; part++) {
      accepted.push(...(await submitMany(100)));
      // Both times with tries under way.
      await eventually(() => expect(shaky.requests).toBeGreaterThan(part * 100 + 20));
      if (part < 2) await stack.workers[part]?.kill();
      if (part === 0) await withRedis((redis) => redis.flushall());
      if (part < 2) await stack.addWorker();
    }
    await rest();
    await assertInvariants(stack, accepted, 200);
    for (const receiver of [steady, shaky]) {
      expectEachOnceByOneId(receiver, accepted);
      const types = new Set(receiver.received.map(({ event }) => event.type));
      expect([...types].sort()).toEqual(["job.blocked", "job.completed", "job.failed"]);
    }
    const failed = await stack.database.prisma.job.findMany({ where: { status: "failed" } });
    expectEachOnceByOneId(
      onlyFailures,
      failed.map(({ id }) => id),
    );
    // Both heard the same, as GET tells it.
    const [first] = steady.received;
    if (!first) throw new Error("nothing came");
    const jobId = (first.event.data as { id: string }).id;
    expect(first.event.data).toEqual(await stack.job(jobId));
    expect(idsByJob(shaky.received).get(jobId)).toEqual(new Set([first.id]));
  });
});
