import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { WebhookDelivery, WebhookEndpointSecret } from "@understudy/contracts";
import { eventually, type ProcessClock, startProcessClock } from "@understudy/testkit";
// The tolerance of what our own apps verify with is what matters.
import { verifyWebhook } from "../../../packages/sdk/src/index.ts";
import { addWorker, assertRun, creatorId, rest, shareStack, stack, startWorkers } from "./fault-run.ts";

/** An app that verifies what comes by the SDK, and refuses the first try of each event. */
async function startApp() {
  const tries = new Map<string, { aheadSeconds: number[]; at: number[]; faults: unknown[] }>();
  let secret = "";
  const server = createServer(async (request, response) => {
    const id = String(request.headers["webhook-id"]);
    const of = tries.get(id) ?? { aheadSeconds: [], at: [], faults: [] };
    tries.set(id, of);
    of.at.push(performance.now());
    of.aheadSeconds.push(Math.abs(Number(request.headers["webhook-timestamp"]) - Date.now() / 1000));
    const fault = await verifyWebhook(request, { secret }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fault !== undefined) of.faults.push(fault);
    response.writeHead(of.at.length === 1 ? 503 : 204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const registered = await stack.request("POST", "/api/ai/webhooks", {
    ...{ url, events: ["job.completed"] },
    // Of this test alone.
    creatorIds: [creatorId],
  });
  const endpoint = (await registered.json()) as WebhookEndpointSecret;
  secret = endpoint.secret;
  return {
    tries,
    async deliveries() {
      const page = await stack.request("GET", `/api/ai/webhooks/${endpoint.id}/deliveries`);
      return ((await page.json()) as { items: WebhookDelivery[] }).items;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

let app: Awaited<ReturnType<typeof startApp>>;
const clocks: ProcessClock[] = [];

shareStack(() => ({ environment: { WEBHOOK_RETRY_SCHEDULE: "2s,2s" } }));

// After that of the stack, which ends the workers.
afterAll(async () => {
  await Promise.all(clocks.map((clock) => clock.remove()));
});

/** Workers whose clocks are so far ahead. */
async function startSkewed(...skewsMs: number[]): Promise<ProcessClock[]> {
  const own = await Promise.all(skewsMs.map(startProcessClock));
  clocks.push(...own);
  await Promise.all(own.map(({ environment }) => addWorker(environment)));
  return own;
}

beforeEach(async () => {
  await startWorkers(0, { WORKER_ATTEMPT_SECONDS: "20" });
  app = await startApp();
});

afterEach(() => app.close());

const submit = (message: string) =>
  stack.submit("messaging", { creatorId, input: { fanId: "fan_1", message } });

/** Steps of time that no clock of ours may make. */
const skews: [title: string, skewsMs: number[]][] = [
  ["10 min ahead", [600_000]],
  ["10 min behind", [-600_000]],
  ["10 min ahead, beside one that is as much behind", [600_000, -600_000]],
];

describe.each(skews)("a worker that is %s", (_title, skewsMs) => {
  it("signs, puts off, tries again and keeps deadlines by Postgres' clock", async () => {
    await startSkewed(...skewsMs);
    const refusal = { status: 429, retryDelay: "3s" };
    await stack.rule({ match: { contains: "put off" }, respond: refusal, times: 1 });
    // Longer than anything that is taken over early would run.
    await stack.rule({ match: { contains: "slow" }, respond: { delayMs: 8_000 } });
    const begunAt = performance.now();
    // Of a named model: of a role's the next would answer at once.
    const input = { prompt: "put off, please", model: "gemini-3.5-flash-lite" };
    const putOff = await stack.submit("test", { creatorId, input });
    const slow = await submit("slow, please");
    await eventually(async () => expect((await stack.job(putOff)).status).toBe("completed"), 30_000);
    expect(performance.now() - begunAt).toBeGreaterThan(3_000);
    await rest(30_000);
    await assertRun([putOff, slow]);

    const jobs = await Promise.all([putOff, slow].map(stack.job));
    expect(jobs.map(({ status, attempts }) => [status, attempts])).toEqual([
      ["completed", 1],
      ["completed", 1],
    ]);
    const own = Date.now();
    for (const { startedAt = "", finishedAt = "" } of jobs) {
      for (const at of [startedAt, finishedAt]) expect(Math.abs(Date.parse(at) - own)).toBeLessThan(60_000);
    }

    await eventually(
      () => expect([...app.tries.values()].map(({ at }) => at.length)).toEqual([2, 2]),
      20_000,
    );
    for (const { aheadSeconds, at, faults } of app.tries.values()) {
      expect(faults).toEqual([]);
      expect(Math.max(...aheadSeconds)).toBeLessThan(5);
      // 2 s, a fifth less at least.
      expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(1_500);
    }
    await eventually(async () => {
      const deliveries = await app.deliveries();
      expect(deliveries.map(({ status }) => status)).toEqual(["delivered", "delivered"]);
      for (const at of deliveries.flatMap(({ tries }) => tries.map((tried) => Date.parse(tried.at))))
        expect(Math.abs(at - own)).toBeLessThan(60_000);
    });
    expect(await stack.database.prisma.monthlyCharge.count()).toBe(0);
  });
});

it("A clock that steps to and fro while its worker runs changes nothing", async () => {
  const own = await startSkewed(0);
  const ids: string[] = [];
  for (const skewMs of [600_000, -600_000, 0]) {
    for (const clock of own) clock.set(skewMs);
    ids.push(await submit(`after a step to ${skewMs} ms`));
    await eventually(
      () => expect([...app.tries.values()].map(({ at }) => at.length)).toEqual(ids.map(() => 2)),
      20_000,
    );
  }
  for (const { aheadSeconds, faults } of app.tries.values()) {
    expect(faults).toEqual([]);
    expect(Math.max(...aheadSeconds)).toBeLessThan(5);
  }
  await rest(30_000);
  await assertRun(ids);
});
