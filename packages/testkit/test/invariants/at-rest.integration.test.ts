import { describe, expect, it } from "@jest/globals";
import {
  createApiKeyRow,
  eventually,
  type JobEnd,
  type JobResult,
  requestsAstray,
  violationsAtRest,
} from "../../src/index.ts";
import {
  askGemini,
  costUsd,
  createCall,
  createEndedJob,
  createQueuedJob,
  database,
  ids,
  redis,
  setLease,
  thisMonth,
  told,
  world,
} from "./clean-world.ts";

const violations = () => violationsAtRest(world, told);
const account = (data: object) => database.prisma.monthlySpend.updateMany({ where: {}, data });
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
  await database.prisma.webhookEndpoint.deleteMany();
  told.webhooks.splice(0);
  await database.prisma.outbox.create({ data: { id: `evt_${id}`, type: `job.${status}`, jobId: id } });
}

describe("a world in which nothing is amiss", () => {
  it("has no violations", async () => {
    // Its 202 was not heard by anybody.
    await createEndedJob("job_unheard");
    await database.prisma.outbox.create({
      data: { id: "evt_2", type: "job.completed", creatorId: "iu", jobId: "job_unheard" },
    });
    await database.prisma.delivery.create({
      data: {
        id: "dlv_2",
        endpointId: ids.endpoint,
        eventId: "evt_2",
        type: "job.completed",
        status: "delivered",
      },
    });
    hear({ webhookId: "evt_2", jobId: "job_unheard" });
    // Told again by a try whose answer was lost.
    hear({ webhookId: ids.event });
    expect(await violations()).toEqual([]);
    const strict = { mayLose: [], mayEnd: () => false, resultAmiss: () => undefined, workersMax: 0 };
    expect(await violationsAtRest(world, { ...told, ...strict })).toEqual([]);
  });

  it("may have lost calls where that is told, each within its bound", async () => {
    await askGemini("call_2");
    await createCall("call_2", { status: "unknown", holdUsd: costUsd, settledAt: new Date() });
    await account({ unknownUsd: costUsd });
    expect(await violations()).toEqual(["B: 1 calls were lost, at most 0 can have been"]);
    expect(await violationsAtRest(world, { ...told, lostCallsMax: 1 })).toEqual([]);
    const { lostCallsMax: _, ...anyNumber } = told;
    expect(await violationsAtRest(world, anyNumber)).toEqual([]);
  });

  it("may have lost a paid answer to what was done meanwhile, or because it was not wanted any more", async () => {
    await askGemini("call_2");
    await createCall("call_2", { status: "unknown", holdUsd: costUsd, settledAt: new Date() });
    await account({ unknownUsd: costUsd });
    const lost = { ...told, lostCallsMax: 1 };
    const since = (from: number, until: number) => ({ ...lost, mayLose: [{ from, until }] });
    const now = Date.now();
    const thrownAway = ["B: call_2 is unknown, though it was answered and nothing was done to whoever asked"];
    expect(await violationsAtRest(world, { ...lost, mayLose: [] })).toEqual(thrownAway);
    expect(await violationsAtRest(world, since(now - 120_000, now - 60_000))).toEqual(thrownAway);
    expect(await violationsAtRest(world, since(now + 120_000, now + 180_000))).toEqual(thrownAway);
    expect(await violationsAtRest(world, since(now - 120_000, now))).toEqual([]);
    expect(await violationsAtRest(world, since(now + 1_000, now + 180_000))).toEqual([]);
    await database.prisma.usageLog.updateMany({ where: { id: "call_2" }, data: { errorCode: "cancelled" } });
    expect(await violationsAtRest(world, { ...lost, mayLose: [] })).toEqual([]);
  });

  it("may have lost an answer that nobody can have got whole", async () => {
    await expect(askGemini("call_2", { respond: { reset: true } })).rejects.toThrow();
    await expect(askGemini("call_3", { respond: { status: 503 } })).rejects.toThrow();
    const left = { respond: { delayMs: 60_000 }, signal: AbortSignal.timeout(500) };
    await expect(askGemini("call_4", left)).rejects.toThrow();
    for (const id of ["call_2", "call_3", "call_4"])
      await createCall(id, { status: "unknown", holdUsd: costUsd, settledAt: new Date() });
    await account({ unknownUsd: "0.00465" });
    const lost = { ...told, lostCallsMax: 3, mayLose: [] };
    await eventually(async () => expect(await violationsAtRest(world, lost)).toEqual([]));
  });

  it("may have what an operator said of a lost call, whatever the bill says", async () => {
    await askGemini("call_2");
    await createCall("call_2", { status: "settled", costUsd: "0", byOperator: true, settledAt: new Date() });
    expect(await violationsAtRest(world, { ...told, lostCallsMax: 1 })).toEqual([]);
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
    await database.prisma.outbox.create({
      data: {
        id: "evt_0",
        type: "job.failed",
        creatorId: "psy",
        jobId: ids.job,
        jobEnd: { status: "failed" },
      },
    });
    await database.prisma.delivery.create({
      data: {
        id: "dlv_0",
        endpointId: ids.endpoint,
        eventId: "evt_0",
        type: "job.failed",
        status: "delivered",
      },
    });
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
        await database.prisma.outbox.create({ data: { id: "evt_2", type: "job.completed", jobId: "job_2" } });
        await database.prisma.webhookEndpoint.deleteMany();
        told.webhooks.splice(0);
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
      "a wrong answer",
      async () => {
        await database.prisma.job.updateMany({ data: { result: { text: "to job_2" } } });
        const resultAmiss = ({ id, result }: JobResult) =>
          JSON.stringify(result).includes(`to ${id}"`) ? undefined : JSON.stringify(result);
        Object.assign(told, { resultAmiss });
      },
      [/^A: job_1 has a wrong answer: {"text":"to job_2"}$/],
    ],
    ["a call on the bill alone", () => askGemini("call_2"), [/^B: no row for the billed call call_2$/]],
    [
      "a settled call that is not on the bill",
      async () => {
        await createCall("call_2", { status: "settled", costUsd: "0", settledAt: new Date() });
      },
      [/^B: 1 calls were lost/, /^B: call_2 is settled but not on the bill$/],
    ],
    [
      "an unknown call above its bound",
      async () => {
        await askGemini("call_2");
        await createCall("call_2", { status: "unknown", holdUsd: "0.001", settledAt: new Date() });
        await account({ unknownUsd: "0.001" });
        Object.assign(told, { lostCallsMax: 1 });
      },
      [/^C: call_2 cost 0.00155, above its bound 0.001$/],
    ],
    [
      "a cost that is off in the last digit",
      async () => {
        await askGemini("call_2");
        await createCall("call_2", { status: "settled", costUsd: "0.001550000001", settledAt: new Date() });
        await account({ spentUsd: "0.003100000001" });
      },
      [/^C: call_2 cost 0.001550000001 but the bill says 0.00155$/],
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
      () => account({ spentUsd: "0.002" }),
      [/^E: psy in \d{4}-\d\d: spent is 0.002\d*, its calls say 0.00155/],
    ],
    [
      "a day that is not",
      () => database.prisma.dailyUsage.updateMany({ data: { costUsd: "1" } }),
      [/^E: the days of psy: spent is 1\./],
    ],
    [
      "a key's account that is not, and is above its budget",
      async () => {
        const id = await createApiKeyRow(database, "1");
        await database.prisma.apiKey.update({ where: { id }, data: { spentUsd: "2" } });
      },
      [/^E: the key key_\w+: spent is 2\.0*, its calls say 0/, /^E: the key key_\w+: .* above 1/],
    ],
    [
      "a quota that was passed",
      async () => {
        await database.prisma.creator.updateMany({ data: { quotaUsd: "0.001" } });
        // As if it had never been another.
        await database.prisma.creatorHistory.deleteMany();
      },
      [/^E: psy in \d{4}-\d\d: spent, held and unknown are 0.00155\d*, above 0.001/],
    ],
    [
      "the platform's budget that was passed",
      () => Object.assign(world, { platformQuotaUsd: "0.001" }),
      [/^E: the platform in \d{4}-\d\d: .* above 0.001/],
    ],
    [
      "an open call, and its hold",
      async () => {
        await createCall("call_2");
        await account({ heldUsd: "0.01" });
        Object.assign(told, { lostCallsMax: 1 });
      },
      [/^F: call_2 is still open$/, /^F: psy still holds 0.01 in/],
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
        await account({ heldUsd: "0.01" });
      },
      [
        /^F: job_\w+ is still running, under the lease of a dead worker$/,
        /^F: job_\w+ still holds 0.01$/,
        /^F: psy still holds 0.01 in/,
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
        await redis.lpush("{webhooks}:webhooks:active", "try");
        await redis.zadd("{charges}:charges:delayed", 1, "the next tick");
      },
      [
        /^F: left in Redis: {agent-test}:test:job_9-g1:lock$/,
        /^F: left in Redis: {lanes}:lane:psy$/,
        /^F: left in Redis: {webhooks}:webhooks:active$/,
      ],
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
        await database.prisma.webhookEndpoint.deleteMany();
        told.webhooks.splice(0);
        await database.prisma.job.updateMany({ data: { startedAt: new Date(0), createdAt: new Date(0) } });
        for (const index of [2, 3, 4]) {
          await createEndedJob(`job_${index}`);
          await database.prisma.outbox.create({
            data: { id: `evt_${index}`, type: "job.completed", jobId: `job_${index}` },
          });
        }
      },
      [/^K: psy had 3 releases between .* and 2\.\d\d tokens$/],
    ],
  ])("%s", async (_name, plant, expected) => {
    expect(await violations()).toEqual([]);
    await plant();
    const found = await violations();
    expect(found.toSorted()).toEqual(expected.map((line) => expect.stringMatching(line)));
  });
});

describe("a price that changed in mid-run", () => {
  /** A second row of a call that began and was asked for `agoMs` before the change. */
  const addPrice = (from: number) =>
    Object.assign(world, {
      prices: [
        {
          ...{ model: "gemini-3.5-flash-lite", from: new Date(from).toISOString() },
          ...{ inputUsd: "0.6", cachedUsd: "0.06", outputUsd: "5" },
        },
      ],
    });
  const settleAt = async (usd: string, startedAt: Date, deadlineAt: Date) => {
    await askGemini("call_2");
    await createCall("call_2", {
      status: "settled",
      costUsd: usd,
      startedAt,
      deadlineAt,
      settledAt: new Date(),
    });
    await account({ spentUsd: usd === costUsd ? "0.0031" : "0.00465" });
  };
  const inMs = (ms: number) => new Date(Date.now() + ms);

  it("counts as the one or the other within two seconds of the change", async () => {
    addPrice(Date.now() + 1_000);
    await settleAt("0.0031", new Date(), inMs(60_000));
    expect(await violations()).toEqual([]);
  });

  it("is a violation where it was not in force, by the emulator's clock", async () => {
    addPrice(Date.now() + 10_000);
    await settleAt("0.0031", new Date(), inMs(60_000));
    expect(await violations()).toEqual(["C: call_2 cost 0.0031 but the bill says 0.00155"]);
  });

  it("counts as of when the call was written down, as far as its own time allows", async () => {
    addPrice(Date.now() - 10_000);
    // The clean world's own call is of after the change as well.
    await database.prisma.usageLog.updateMany({
      data: { startedAt: inMs(-20_000), deadlineAt: inMs(20_000) },
    });
    await settleAt(costUsd, inMs(-20_000), inMs(20_000));
    expect(await violations()).toEqual([]);
    await database.prisma.usageLog.updateMany({ data: { deadlineAt: inMs(-10_000) } });
    expect(await violations()).toHaveLength(2);
  });
});

describe("a request to the provider", () => {
  const words = new Map([
    ["job_2", "number 1,"],
    ["job_3", "number 11,"],
  ]);
  const astray = () => requestsAstray(world, { pattern: /number \d+,/g, words });
  const ask = async (callId: string, jobId: string, text: string) => {
    await askGemini(callId, { text });
    await createCall(callId, { jobId, status: "settled", costUsd, settledAt: new Date() });
  };
  const fans = async (second: object, third: object) => {
    await createEndedJob("job_2", second);
    await createEndedJob("job_3", third);
  };

  it("has the words of the job that pays for it, and those of the same conversation", async () => {
    await fans({ fanId: "fan_1" }, { fanId: "fan_1" });
    await ask("call_2", "job_2", "I am number 1, hello");
    await ask("call_3", "job_3", "You were number 1, I am number 11, and who is number 111,?");
    expect(await astray()).toEqual([]);
  });

  it.each<[string, object, object]>([
    ["another fan's", { fanId: "fan_1" }, { fanId: "fan_2" }],
    ["another creator's", { fanId: "fan_1" }, { fanId: "fan_1", creatorId: "iu" }],
    ["nobody's", {}, {}],
  ])("has not those of a job that is %s", async (_whose, second, third) => {
    await database.prisma.creator.create({ data: { id: "iu" } });
    await fans(second, third);
    await ask("call_2", "job_2", "I am number 1, hello");
    await ask("call_3", "job_3", "You were number 1, I am number 11,");
    expect(await astray()).toEqual(["B: the request of call_3 for job_3 has words of job_2"]);
  });

  it("is not made for another job than the one that pays", async () => {
    await fans({}, {});
    await ask("call_2", "job_2", "I am number 11, hello");
    await ask("call_3", "job_3", "I am somebody");
    expect(await astray()).toEqual([
      "B: the request of call_2 does not say what job_2 asks",
      "B: the request of call_2 for job_2 has words of job_3",
      "B: the request of call_3 does not say what job_3 asks",
    ]);
  });
});
