import { describe, expect, it } from "@jest/globals";
import { createApiKeyRow, type JobEnd } from "../../src/index.ts";
import {
  createCall,
  createDelivery,
  createEndedJob,
  createEvent,
  createQueuedJob,
  database,
  dropEndpoint,
  ids,
  redis,
  setAccount,
  setLease,
  thisMonth,
  told,
  violations,
  world,
} from "./clean-world.ts";

const hear = (event: { webhookId: string; jobId?: string; type?: string }) =>
  told.webhooks[0]?.events.push({ jobId: ids.job, type: "job.completed", at: Date.now(), ...event });

/** With an event, of which nobody wants to hear. */
async function createJobWithoutResult(
  id: string,
  status: "failed" | "blocked" | "cancelled",
  errorCode?: string,
): Promise<void> {
  const error = errorCode !== undefined && { errorCode, errorMessage: "x", errorRetryable: true };
  // Never started, so that no bucket is passed.
  await createEndedJob(id, { status, result: undefined, startedAt: null, ...error });
  await dropEndpoint();
  await createEvent(`evt_${id}`, id, `job.${status}`);
}

describe("a world in which nothing is amiss", () => {
  it("has no violations", async () => {
    // Its 202 was not heard by anybody.
    await createEndedJob("job_unheard");
    await createEvent("evt_2", "job_unheard");
    await createDelivery("dlv_2", "evt_2");
    hear({ webhookId: "evt_2", jobId: "job_unheard" });
    // Told again by a try whose answer was lost.
    hear({ webhookId: ids.event });
    expect(await violations()).toEqual([]);
    const strict = { mayLose: [], mayEnd: () => false, workersMax: 0 };
    expect(await violations(strict)).toEqual([]);
  });

  it("may have an endpoint that was disabled before it was told of all", async () => {
    await database.prisma.delivery.updateMany({ data: { status: "failed" } });
    told.webhooks[0]?.events.splice(0);
    expect(await violations()).toHaveLength(2);
    await database.prisma.webhookEndpoint.updateMany({
      data: { disabledAt: new Date(), disabledReason: "gone" },
    });
    expect(await violations()).toEqual([]);
  });

  it("may have a job that failed, was retried, and was told of twice", async () => {
    await createEvent("evt_0", ids.job, "job.failed", { jobEnd: { status: "failed" } });
    await createDelivery("dlv_0", "evt_0", "job.failed");
    await database.prisma.job.updateMany({ data: { retries: 1 } });
    hear({ webhookId: "evt_0", type: "job.failed" });
    expect(await violations()).toEqual([]);
  });

  it("may have leases of who lives, and for a day those of who does not", async () => {
    Object.assign(told, { workersMax: 1 });
    await setLease("worker_1", 60);
    await setLease("reconciler", 60, "worker_1");
    await setLease("worker_2", -1);
    await setLease("charges", -1, "worker_2");
    expect(await violations()).toEqual([]);
  });

  it("may have a quota that was lowered since, and a cost above its hold", async () => {
    // A trigger keeps the terms of before.
    await database.prisma.creator.updateMany({ data: { quotaUsd: "0.001" } });
    expect(await violations()).toEqual([]);
    await database.prisma.creatorHistory.deleteMany();
    expect(await violations()).toEqual([expect.stringContaining("above 0.001")]);
    await database.prisma.usageLog.updateMany({ data: { holdUsd: "0.0001" } });
    expect(await violations()).toEqual([]);
  });
});

describe("a violation is found", () => {
  it.each<[string, () => Promise<unknown> | unknown, RegExp[]]>([
    ["a job that is missing", () => told.accepted.push({ id: "job_gone" }), [/^A: job_gone is missing$/]],
    [
      "a job that has not ended",
      async () => told.accepted.push({ id: await createQueuedJob(), at: 0 }),
      [/^A: job_\w+, accepted at 1970-01-01T00:00:00.000Z, is queued$/],
    ],
    [
      "two ids under one idempotency key",
      async () => {
        await createEndedJob("job_2");
        await createEvent("evt_2", "job_2");
        await dropEndpoint();
        told.accepted.push({ id: "job_2", idempotencyKey: "first" });
      },
      [/^A: job_1 and job_2 have one idempotency key, first$/],
    ],
    [
      "an end without an event",
      () => database.prisma.outbox.deleteMany(),
      [
        /^A: job_1 is completed and has 0 events/,
        /^D: ep_1 was told of job_1 under evt_1, of which nothing is known/,
      ],
    ],
    [
      "an end that its event does not tell",
      () => database.prisma.outbox.updateMany({ data: { type: "job.failed" } }),
      [
        /^A: job_1 is completed, which is not what/,
        /^D: ep_1 was told job.completed of job_1 under evt_1, which is job.failed/,
      ],
    ],
    [
      "an end that no receiver heard, whatever the row says",
      () => told.webhooks[0]?.events.splice(0),
      [/^D: ep_1 has never heard of job_1 \(evt_1\)$/],
    ],
    [
      "one end that was told under two ids",
      async () => {
        hear({ webhookId: "evt_2" });
      },
      [
        /^D: ep_1 was told of job_1 under evt_2, of which nothing is known$/,
        /^D: ep_1 was told of one end of job_1 under evt_1 and evt_2$/,
      ],
    ],
    [
      "an account that is not the sum of its calls",
      () => setAccount({ spentUsd: "0.002" }),
      [
        /^E: creator:psy:\d{4}-\d\d: spent is 0.002\d*, its calls say 0.00155/,
        /^E: platform:\d{4}-\d\d: spent is 0.002\d*, its calls say 0.00155/,
      ],
    ],
    [
      "a day that is not",
      () => database.prisma.dailyUsage.updateMany({ data: { costUsd: "1" } }),
      [
        /^E: the day \d{4}-\d\d-\d\d of psy \(test_ai, gemini-3.5-flash-lite, test\): cost is 1, its calls say 0.00155$/,
      ],
    ],
    [
      "a key's account that is not, and is above its budget",
      async () => {
        const id = await createApiKeyRow(database, "1");
        await database.prisma.account.update({ where: { apiKeyId: id }, data: { spentUsd: "2" } });
      },
      [/^E: key:key_\w+: spent is 2\.0*, its calls say 0/, /^E: key:key_\w+: .* above 1/],
    ],
    [
      "a quota that was passed",
      async () => {
        await database.prisma.creator.updateMany({ data: { quotaUsd: "0.001" } });
        // As if it had never been another.
        await database.prisma.creatorHistory.deleteMany();
      },
      [/^E: creator:psy:\d{4}-\d\d: spent, held and unknown are 0.00155\d*, above 0.001/],
    ],
    [
      "the platform's budget that was passed",
      () => Object.assign(world, { platformQuotaUsd: "0.001" }),
      [/^E: platform:\d{4}-\d\d: .* above 0.001/],
    ],
    [
      "an open call, and its hold",
      async () => {
        await createCall("call_2");
        await setAccount({ heldUsd: "0.01" });
        Object.assign(told, { lostCallsMax: 1 });
      },
      [
        /^F: call_2 is still open$/,
        /^F: creator:psy:\d{4}-\d\d still holds 0.01$/,
        /^F: platform:\d{4}-\d\d still holds 0.01$/,
      ],
    ],
    [
      "a job that runs under a dead worker's lease, and holds",
      async () => {
        const attempt = {
          status: "running",
          attempt: 1,
          startedAt: new Date(),
          attemptDeadlineAt: new Date(),
        };
        await createQueuedJob({
          ...attempt,
          workerId: "worker_dead",
          heldUsd: "0.01",
          heldMonth: thisMonth(),
        });
        await setAccount({ heldUsd: "0.01" });
      },
      [
        /^F: creator:psy:\d{4}-\d\d still holds 0.01$/,
        /^F: job_\w+ is still running, under the lease of a dead worker$/,
        /^F: job_\w+ still holds 0.01$/,
        /^F: platform:\d{4}-\d\d still holds 0.01$/,
      ],
    ],
    [
      "more leases of workers than there are workers",
      async () => {
        Object.assign(told, { workersMax: 1 });
        await setLease("worker_1", 60);
        await setLease("worker_2", 60);
      },
      [/^F: leases of workers are held by 2, and 1 live$/],
    ],
    [
      "work that nobody does who lives",
      async () => {
        await setLease("worker_1", -1);
        await setLease("reconciler", 60, "worker_1");
      },
      [/^F: the lease reconciler is held by worker_1, which has none of its own$/],
    ],
    [
      "a half-open delivery",
      () => database.prisma.delivery.updateMany({ data: { status: "pending" } }),
      [/^D: ep_1 was not told of job_1 \(evt_1\): pending$/, /^F: the delivery dlv_1 to ep_1 is half-open$/],
    ],
    [
      "what is left in Redis",
      async () => {
        await redis.zadd("{lanes}:lane:psy", 1, "job_9-g1|test");
        await redis.hset("{lanes}:state", "v", "1");
        await redis.set("{agent-test}:test:job_9-g1:lock", "token");
        await redis.zadd("{charges}:charges:delayed", 1, "the next tick");
      },
      [/^F: left in Redis: {agent-test}:test:job_9-g1:lock$/, /^F: left in Redis: {lanes}:lane:psy$/],
    ],
    [
      "a job that was blamed and not poisoned",
      async () => {
        await createJobWithoutResult("job_2", "failed", "worker_crashed");
        await createJobWithoutResult("job_3", "failed", "agent_error");
        await createJobWithoutResult("job_4", "failed", "not_storable");
        Object.assign(told, { poisoned: new Set(["job_3"]) });
      },
      [/^G: job_2 was not poisoned, and ended as worker_crashed$/],
    ],
    [
      "a job that ended without a result and without a reason",
      async () => {
        await createJobWithoutResult("job_2", "failed", "not_storable");
        await createJobWithoutResult("job_3", "failed", "quota_exceeded");
        await createJobWithoutResult("job_4", "cancelled");
        await createJobWithoutResult("job_5", "blocked", "safety");
        const mayEnd = ({ id, errorCode }: JobEnd) => id === "job_5" || errorCode === "quota_exceeded";
        Object.assign(told, { mayEnd });
      },
      [
        /^G: job_2 had no reason to end as failed, not_storable$/,
        /^G: job_4 had no reason to end as cancelled$/,
      ],
    ],
    [
      "an alert that is not told, is told twice, or otherwise than it is",
      async () => {
        const alert = { type: "redis_evicts", payload: { policy: "allkeys-lru" } } as const;
        const names = ["untold", "twice", "wrong"];
        const told = (id: string, of: string, figures: object, creatorId: string | null = null) => ({
          ...{ id, type: "alert.raised", creatorId },
          payload: { alertId: of, alert: alert.type, creatorId, ...figures },
        });
        await database.prisma.alert.createMany({
          data: names.map((key) => ({ id: key, key, ...alert, creatorId: null })),
        });
        await database.prisma.alert.create({
          data: { id: "poor", key: "poor", ...alert, payload: { more: 1 } },
        });
        await database.prisma.outbox.createMany({
          data: [
            told("evt_2", "twice", alert.payload),
            told("evt_3", "twice", alert.payload),
            told("evt_4", "wrong", { ...alert.payload, more: 1 }),
            told("evt_5", "poor", alert.payload, "psy"),
            told("evt_6", "nobody", alert.payload),
          ],
        });
      },
      [
        /^D: alert poor is not what the contract says: /,
        /^D: alert twice \(redis_evicts\) has 2 events$/,
        /^D: alert untold \(redis_evicts\) has 0 events$/,
        /^D: event evt_4 says more than its contract: /,
        /^D: event evt_5 is not about {"alertId":"poor",/,
        /^D: event evt_5 is not what the contract says: /,
        /^D: event evt_6 is of no alert$/,
      ],
    ],
    [
      "more first starts at once than a bucket has",
      async () => {
        await dropEndpoint();
        await database.prisma.job.updateMany({ data: { startedAt: new Date(0), createdAt: new Date(0) } });
        for (const index of [2, 3, 4]) {
          await createEndedJob(`job_${index}`);
          await createEvent(`evt_${index}`, `job_${index}`);
        }
      },
      [/^K: psy had 3 releases between .* and 2\.\d\d tokens$/],
    ],
  ])("%s", async (_name, plant, expected) => {
    expect(await violations()).toEqual([]);
    await plant();
    expect((await violations()).toSorted()).toEqual(expected.map((line) => expect.stringMatching(line)));
  });
});
