import type { ServerResponse } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import {
  addWorker,
  assertRun,
  creatorId,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
  withRedis,
} from "./fault-run.ts";
import { expectEachByOneId, failAtRandom, idsByJob, jobEvents, register } from "./webhook-run.ts";

/** For a part's jobs, on a machine that has much else to do. */
const partMs = 90_000;

shareStack(() => ({ environment: { WEBHOOK_RETRY_SCHEDULE: Array(20).fill("200ms").join() } }));

// All jobs at once would get so little of a busy machine that their attempts run out of time and begin anew.
const settings = { WORKER_CONCURRENCY: "20", WORKER_ATTEMPT_SECONDS: "5" };

/** Of the test's own jobs. */
const registerOwn = (events = jobEvents) => register(events, { creatorIds: [creatorId] });

describe("webhooks", () => {
  it("tell of each job under one id, though receivers fail or are slow, workers are killed and Redis is wiped", async () => {
    await startWorkers(2, settings);
    await stack.rule({ match: { contains: "number 7," }, respond: { blockReason: "SAFETY" } });
    await stack.rule({
      match: { contains: "number 8," },
      respond: { status: 400, json: { error: { code: 400 } } },
    });
    const steady = await registerOwn();
    const shaky = await registerOwn();
    failAtRandom(shaky);
    // Takes each event and says nothing, until all others have heard of all.
    const slow = await registerOwn(["job.failed"]);
    const unanswered: ServerResponse[] = [];
    slow.answer = (_request, response) => void unanswered.push(response);
    const onlyFailures = await registerOwn(["job.failed"]);

    const accepted: string[] = [];
    for (let part = 0; part < 3; part++) {
      const before = shaky.requests;
      accepted.push(...(await submitMany(100)));
      // Both times with tries under way.
      await eventually(() => expect(shaky.requests).toBeGreaterThan(before + 20), partMs);
      if (part < 2) await stack.workers[part]?.kill();
      if (part === 0) await withRedis((redis) => redis.flushall());
      if (part < 2) await addWorker();
    }
    await rest();
    const heard = ({ received }: { received: unknown[] }) => received.length;
    await eventually(() =>
      expect([steady, shaky].map(heard).every((count) => count >= accepted.length)).toBe(true),
    );
    expect([slow.requests > 0, heard(slow)]).toEqual([true, 0]);
    slow.answer = (_request, response) => response.writeHead(200).end();
    for (const response of unanswered) response.writeHead(200).end();
    await assertRun(accepted, 200);
    for (const receiver of [steady, shaky]) {
      expectEachByOneId(receiver, accepted);
      const types = new Set(receiver.received.map(({ event }) => event.type));
      expect([...types].sort()).toEqual(["job.blocked", "job.completed", "job.failed"]);
    }
    const failed = await stack.database.prisma.job.findMany({ where: { creatorId, status: "failed" } });
    for (const receiver of [onlyFailures, slow]) {
      expectEachByOneId(
        receiver,
        failed.map(({ id }) => id),
      );
    }
    // Both heard the same, as GET tells it.
    const [first] = steady.received;
    if (!first) throw new Error("nothing came");
    const jobId = (first.event.data as { id: string }).id;
    expect(first.event.data).toEqual(await stack.job(jobId));
    expect(idsByJob(shaky.received).get(jobId)).toEqual(new Set([first.id]));
  }, 300_000);

  it("go on while Redis is away", async () => {
    await startWorkers(1, settings);
    const receiver = await registerOwn();
    await stack.redis.kill();
    try {
      const ping = await stack.request("POST", `/api/ai/webhooks/${receiver.id}/test`);
      expect(ping.status).toBe(202);
      await eventually(() => expect(receiver.received).toHaveLength(1), partMs);
    } finally {
      await stack.redis.restart();
    }
    const ids = await submitMany(3);
    await rest();
    await eventually(() => expect(receiver.received).toHaveLength(4), partMs);
    await assertRun(ids);
  }, 300_000);
});
