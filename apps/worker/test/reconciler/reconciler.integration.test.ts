import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { newId } from "@understudy/database";
import {
  cancelJob,
  claimJobs,
  createJobs,
  holdLease,
  markDispatched,
  putOffJob,
  queuedJobs,
  suspects,
} from "@understudy/jobs";
import { type CallIntent, Ledger, sumUsd } from "@understudy/ledger";
import { connectRedis, Dispatcher, laneEntry, openChargesQueue } from "@understudy/queues";
import { eventually, newClaim, startTestRedis } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { dispatchUndispatched, findAbsent, refillRedis } from "../../src/reconciler/dispatch-due.ts";
import { expireJobs } from "../../src/reconciler/expire-jobs.ts";
import type { ReconcilerDependencies } from "../../src/reconciler/reconciler-dependencies.ts";
import { giveBackHolds, giveUpCalls } from "../../src/reconciler/settle-accounts.ts";
import { takeOver } from "../../src/reconciler/take-over.ts";
import { applyChangedTerms, findReleased, moveLanes, removeEnded } from "../../src/reconciler/tend-lanes.ts";
import { wakeWaitingJobs } from "../../src/reconciler/wake-waiting-jobs.ts";
import { AttemptFakes } from "../attempt-fakes.ts";

const { database, setTime } = await openStrictSuiteDatabase(4);
let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let dispatcher: Dispatcher;
let charges: Queue;
let fakes: AttemptFakes;
let lostAnswers: number;
const own = { name: "worker_1", holder: "worker_1" };
let steps: ReconcilerDependencies;

/** Later than Redis began, so that creators' buckets are full. */
const base = Date.now() + 60_000;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await eventually(() => expect(redis.status).toBe("ready"));
  charges = openChargesQueue(redis);
});

afterAll(async () => {
  await dispatcher.close();
  await charges.close();
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await setTime(new Date(base));
  await redis.flushall();
  await database.prisma.job.deleteMany({ where: { calls: { none: {} } } });
  [fakes, lostAnswers] = [new AttemptFakes(), 0];
  await dispatcher?.close();
  dispatcher = new Dispatcher(redis, expectedCalls);
  await dispatcher.move({});
  const metrics = { lostAnswers: { inc: () => lostAnswers++ } };
  const telemetry = { metrics } as unknown as ReconcilerDependencies["telemetry"];
  const ledger = new Ledger(database);
  await database.prisma.lease.deleteMany();
  const lease = {
    workerId: "worker_1",
    isHeld: () => true,
    heldSeconds: () => 1_000,
    stop: async () => {},
  };
  const logger = fakes.logger();
  steps = { database, ledger, dispatcher, charges, redis, lease, telemetry, logger };
});

const later = (seconds: number) => setTime(new Date(base + seconds * 1000));

async function newJobs(count: number, options: object = {}): Promise<string[]> {
  const common = {
    agent: "test",
    feature: "test",
    model: "m",
    input: {},
    priority: 1,
    inputBytes: 2,
    requiredUsd: "0",
  };
  const jobs = Array.from({ length: count }, () => ({
    ...{ ...common, creatorId: "psy", createCreator: true, id: newId("job") },
    ...options,
  }));
  await createJobs(database, jobs);
  return jobs.map(({ id }) => id);
}

async function newJob(options: object = {}): Promise<string> {
  return String((await newJobs(1, options))[0]);
}

async function claim(id: string, timeoutSeconds = 60): Promise<number> {
  const { generation } = await row(id);
  const [job] = await claimJobs(database, [newClaim(id, { generation, timeoutSeconds })]);
  return Number(job?.attempt);
}

const row = (id: string) => database.prisma.job.findUniqueOrThrow({ where: { id } });
const inQueue = (id: string, generation = 1) => dispatcher.queue("test").getJob(`${id}-g${generation}`);

/** Jobs in Redis: in their lanes or in their queue. */
async function standing(): Promise<number> {
  const counts = await dispatcher.queue("test").getJobCounts("prioritized", "wait", "delayed");
  const queued = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return queued + (await dispatcher.lanes.waitingOf("test"));
}

const said = () => fakes.logged.map(([, message, fields]) => [message, fields]);

describe("jobs that Redis does not have", () => {
  it("are dispatched and noted, however many, once the API has had its time", async () => {
    const ids = await newJobs(1_001);
    await later(3);
    await dispatchUndispatched(steps);
    expect([await standing(), said()]).toEqual([0, []]);
    await later(3.001);
    await dispatchUndispatched(steps);
    expect(await standing()).toBe(1_001);
    expect(await database.prisma.job.count({ where: { dispatchedAt: null } })).toBe(0);
    // A wipe: all of them again, once for each run of Redis.
    await refillRedis(steps);
    fakes.logged.length = 0;
    await redis.flushall();
    await refillRedis(steps);
    expect(await standing()).toBe(1_001);
    expect(said()).toEqual([
      ["Redis is new or was wiped: dispatched all queued jobs again", { jobs: ids.length }],
    ]);
    await refillRedis(steps);
    expect(fakes.logged).toHaveLength(1);
  });

  it("are all added again where a wipe came into the filling, or after one that another worker began and ended", async () => {
    const ids = await newJobs(2_000);
    await later(4);
    await dispatchUndispatched(steps);
    // The second wipe comes when the first page is in.
    await redis.flushall();
    let pages = 0;
    const execute: typeof database.execute = async (statement, items) => {
      if (statement.name === "queued-jobs" && ++pages === 2) await redis.flushall();
      return database.execute(statement, items);
    };
    await refillRedis({ ...steps, database: { ...database, execute } });
    await refillRedis(steps);
    expect(await standing()).toBe(ids.length);

    // One that fails in the middle; another worker's is complete; then a wipe.
    await redis.flushall();
    pages = 0;
    const failing: typeof database.execute = async (statement, items) => {
      if (statement.name === "queued-jobs" && ++pages === 2) throw new Error("away");
      return database.execute(statement, items);
    };
    await expect(refillRedis({ ...steps, database: { ...database, execute: failing } })).rejects.toThrow();
    const another = connectRedis(server.url, "producer");
    await eventually(() => expect(another.status).toBe("ready"));
    await refillRedis({ ...steps, redis: another });
    another.disconnect();
    expect(await standing()).toBe(ids.length);
    await redis.flushall();
    await refillRedis(steps);
    expect(await standing()).toBe(ids.length);
  });

  it("are found one page after the other though they are noted as standing there; what stands is left alone", async () => {
    const slow = { creatorId: "slow_1" };
    const creator = { id: "slow_1", ratePerHour: 1, burst: 1, createdAt: new Date(base) };
    await database.prisma.creator.upsert({ where: { id: "slow_1" }, create: creator, update: {} });
    const ids = await newJobs(300, slow);
    const timed = await newJob({ notBefore: new Date(base + 1_000_000).toISOString(), ...slow });
    await later(4);
    await dispatchUndispatched(steps);
    for (const _ of [1, 2, 3]) await findAbsent(steps);
    expect(fakes.logged).toEqual([]);
    // One of each kind is gone: from its lane, from its queue with what is known of its release, and from its time.
    const lane = await redis.zrange("{lanes}:lane:slow_1", "0", "-1");
    const [released = ""] = await redis.zrange("{lanes}:released", "0", "-1");
    await redis.zrem("{lanes}:lane:slow_1", String(lane[10]));
    await redis.zrem("{lanes}:released", released);
    await dispatcher.queue("test").remove(released.split("|")[0] ?? "");
    await redis.del("{lanes}:timed");
    await later(8);
    for (const _ of [1, 2, 3]) await findAbsent(steps);
    const again = await database.prisma.job.findMany({ where: { generation: 2 }, select: { id: true } });
    const gone = [String(lane[10]), released].map((entry) => entry.split("-g")[0]);
    expect(again.map(({ id }) => id).toSorted()).toEqual([...gone, timed].toSorted());
    await dispatchUndispatched(steps);
    expect(await dispatcher.absent(await queuedJobs(database, "", 1_000))).toEqual([]);
    expect(ids).toHaveLength(300);
  });

  it("are dispatched when their time has come, and not before", async () => {
    const id = await newJob();
    const attempt = await claim(id);
    await putOffJob(database, { id, attempt, waitingFor: "provider", delayMs: 5_000, isTry: true });
    await later(4.999);
    await dispatchUndispatched(steps);
    expect(await inQueue(id, 2)).toBeUndefined();
    await later(5);
    await dispatchUndispatched(steps);
    expect(await inQueue(id, 2)).toBeDefined();
    expect(await row(id)).toMatchObject({ status: "queued", dispatchedAt: expect.any(Date) });
  });
});

it("jobs that another's transaction has are no reason to look for ever", async () => {
  await newJobs(1_000);
  await later(4);
  let pages = 0;
  const execute: typeof database.execute = (statement, items) => {
    if (statement.name === "jobs-to-dispatch") pages += 1;
    return database.execute(statement, items);
  };
  await database.transaction(async (hand) => {
    await hand({ name: "", text: `SELECT FROM "LiveJob" FOR UPDATE` });
    await dispatchUndispatched({ ...steps, database: { ...database, execute } });
  });
  expect(pages).toBe(2);
  expect(await database.prisma.job.count({ where: { dispatchedAt: null } })).toBe(1_000);
});

/** This process has heard from Postgres for long enough to take over from others. */
async function settled(): Promise<void> {
  await holdLease(database, own, 1_000);
  await later(10);
}

describe("jobs of a dead worker", () => {
  it("are taken over and dispatched anew, once all that live can have said so", async () => {
    const id = await newJob();
    await claim(id);
    await holdLease(database, own, 8);
    await later(6.9);
    await takeOver(steps);
    expect([await row(id), fakes.logged]).toMatchObject([{ status: "running" }, []]);
    await later(7);
    await takeOver(steps);
    await dispatchUndispatched(steps);
    expect(await inQueue(id, 2)).toBeDefined();
    expect(await row(id)).toMatchObject({ status: "queued", dispatchedAt: expect.any(Date) });
    expect(said()).toEqual([["a worker is dead: its jobs run again", { jobs: 1, workers: ["worker_test"] }]]);
  });

  it("stand in no queue after a second crash: they run alone", async () => {
    await settled();
    const ids = await newJobs(3);
    for (const id of ids.slice(0, 2)) {
      for (const _ of [1, 2]) {
        await claim(id);
        await takeOver(steps);
      }
    }
    await later(20);
    await dispatchUndispatched(steps);
    await refillRedis(steps);
    expect(await standing()).toBe(1);
    expect(await suspects(database, 10)).toHaveLength(2);
    // One that waits for room is not tried again and again.
    const [{ id, generation } = { id: "", generation: 0 }] = await suspects(database, 1);
    const [job] = await claimJobs(database, [{ ...newClaim(id, { generation }), isAlone: true }]);
    const wait = { waitingFor: "quota", neededUsd: "1", isTry: false } as const;
    await putOffJob(database, { id, attempt: Number(job?.attempt), ...wait });
    expect((await suspects(database, 10)).map((one) => one.id)).not.toContain(id);
  });

  it("fail after the tenth crash in a row, and that is said", async () => {
    await settled();
    const id = await newJob();
    await claim(id);
    await database.prisma.job.update({ where: { id }, data: { crashes: 9 } });
    await takeOver(steps);
    expect(await row(id)).toMatchObject({ status: "failed", errorCode: "worker_crashed" });
    expect(said()).toContainEqual([
      "a job has run in ten crashes in a row, and is run no more",
      { jobId: id },
    ]);
  });
});

describe("lanes", () => {
  it("move on though nobody who moved them lives", async () => {
    const gone = new Dispatcher(redis, expectedCalls);
    const id = await newJob();
    const [job] = await database.prisma.job.findMany({ where: { id } });
    if (!job) throw new Error("There is no job.");
    const terms = { ratePerHour: 36_000, burst: 1, weight: 1 };
    const place = { creatorId: "psy", priority: 1, notBefore: null, terms, isPaused: false };
    const entries = [newId("job"), id].map((id) => laneEntry({ id, generation: 1, agent: "test" }));
    const creatorSince = new Date(base);
    // Released is the first; the token of the second comes 100 ms later, when its process is gone.
    await gone.lanes.move({ enter: entries.map((entry) => ({ ...place, entry, creatorSince })) });
    await gone.close();
    await eventually(async () => {
      await moveLanes(steps);
      expect(await inQueue(id)).toBeDefined();
    });
  });

  it("get those back that were released and lost, and forget those that have started", async () => {
    const [lost, waits, started, again] = [await newJob(), await newJob(), await newJob(), await newJob()];
    await dispatchSoon();
    expect(await standing()).toBe(4);
    for (const id of [lost, started, again]) await dispatcher.queue("test").remove(`${id}-g1`);
    await claim(started);
    await database.prisma.job.update({ where: { id: again }, data: { generation: 2 } });
    await findReleased(steps);
    expect([await standing(), fakes.logged]).toEqual([1, []]);
    await releasedLongAgo();
    await findReleased(steps);
    // Under a generation of its own, with the token that it has taken.
    expect(await inQueue(lost, 2)).toBeDefined();
    expect(await row(lost)).toMatchObject({ generation: 2, hasToken: true, dispatchedAt: expect.any(Date) });
    expect(await inQueue(waits)).toBeDefined();
    expect(await standing()).toBe(2);
    expect(said()).toEqual([
      ["released jobs had started or ended unheard", { jobs: 2 }],
      ["released jobs were lost, and are dispatched anew", { jobs: 1 }],
    ]);
    // What was seen to is not looked at again at once.
    expect(await dispatcher.lanes.overdue(5_000, 10)).toEqual([]);
    // These still wait to start.
    expect((await dispatcher.lanes.overdue(-1_000, 10)).toSorted()).toEqual(
      [`${lost}-g2|test`, `${waits}-g1|test`].toSorted(),
    );
    await releasedLongAgo();
    await findReleased(steps);
    expect(fakes.logged).toHaveLength(2);
  });

  it("are held up by nothing that waits in a queue which hands out nothing: paused, or of an agent that nobody knows", async () => {
    const [paused, unknown] = [await newJob(), await newJob({ agent: "gone" })];
    await dispatchSoon();
    await dispatcher.queue("test").pause();
    await releasedLongAgo();
    await findReleased(steps);
    expect(await dispatcher.lanes.overdue(-1_000, 10)).toEqual([]);
    for (const id of [paused, unknown]) {
      expect(await row(id)).toMatchObject({ status: "queued", generation: 2, hasToken: true });
    }
    expect(said()).toEqual([["released jobs wait in queues that hand out nothing", { jobs: 2 }]]);
    await dispatcher.queue("test").resume();
    await later(63.999);
    await dispatchUndispatched(steps);
    expect(await inQueue(paused, 2)).toBeUndefined();
    await later(64);
    await dispatchUndispatched(steps);
    expect(await inQueue(paused, 2)).toBeDefined();
    // For an hour a new version of the workers may still come to know it.
    await later(3_601);
    await releasedLongAgo();
    await findReleased(steps);
    expect(await row(unknown)).toMatchObject({ status: "failed", errorCode: "agent_not_found" });
    expect(await row(paused)).toMatchObject({ status: "queued" });
  });

  it("lose what was cancelled while Redis was away", async () => {
    await database.prisma.creator.upsert({
      where: { id: "slow" },
      create: { id: "slow", pausedAt: new Date(base), createdAt: new Date(base) },
      update: {},
    });
    const [cancelled, other] = await newJobs(2, { creatorId: "slow" });
    await dispatchSoon();
    await cancelJob(database, String(cancelled), newId("evt"));
    expect(await dispatcher.lanes.waitingOf("test")).toBe(2);
    await removeEnded(steps);
    expect(await dispatcher.lanes.waitingOf("test")).toBe(1);
    expect((await row(String(cancelled))).dispatchedAt).toBeNull();
    expect((await row(String(other))).dispatchedAt).not.toBeNull();
  });

  it("have the terms that their creators have, though Redis was away when they changed", async () => {
    const paused = await newJobs(30, { creatorId: "held" });
    await dispatchSoon();
    const waiting = await dispatcher.lanes.waitingOf("test");
    await database.prisma.creator.update({
      where: { id: "held" },
      data: { pausedAt: new Date(base), updatedAt: new Date(base) },
    });
    await applyChangedTerms(steps);
    await dispatcher.started(paused.map((id) => ({ id, generation: 1, agent: "test" })));
    expect(waiting).toBeGreaterThan(0);
    expect(await dispatcher.lanes.waitingOf("test")).toBe(waiting);
  });

  /** Has all that is not noted as standing in Redis dispatched. */
  async function dispatchSoon(): Promise<void> {
    await later(4);
    await dispatchUndispatched(steps);
    fakes.logged.length = 0;
  }

  /** As if all that was released had been ten seconds ago. */
  async function releasedLongAgo(): Promise<void> {
    for (const entry of await redis.zrange("{lanes}:released", "0", "-1")) {
      await redis.zincrby("{lanes}:released", -10_000, entry);
    }
  }
});

describe("jobs and calls that are over", () => {
  it("expire where they have not started in time, and are told of once", async () => {
    const id = await newJob({ expiresAt: new Date(base + 5_000).toISOString() });
    await expireJobs(steps);
    expect(fakes.logged).toEqual([]);
    await later(5);
    await expireJobs(steps);
    expect(await row(id)).toMatchObject({ status: "failed", errorCode: "expired" });
    expect(said()).toEqual([["jobs expired before they could start", { jobs: 1 }]]);
  });

  it("give back what they hold, and let jobs go on that wait for that", async () => {
    const holder = await newJob({ creatorId: "full" });
    await database.prisma.creator.update({ where: { id: "full" }, data: { quotaUsd: 10 } });
    await steps.ledger.openCall(await intent(holder, "1", { reserveUsd: "8", timeoutSeconds: 5 }));
    const waiting = await newJob({ creatorId: "full" });
    const attempt = await claim(waiting);
    await putOffJob(database, { id: waiting, attempt, waitingFor: "quota", neededUsd: "4", isTry: false });
    await wakeWaitingJobs(steps);
    await giveBackHolds(steps);
    expect([(await row(waiting)).waitingFor, fakes.logged]).toEqual(["quota", []]);

    // Its attempt's own end would give it back itself.
    await cancelJob(database, holder, newId("evt"));
    await giveBackHolds(steps);
    expect(said()).toEqual([["gave back what ended jobs still held", { jobs: 1 }]]);
    await wakeWaitingJobs(steps, ["another"]);
    expect((await row(waiting)).waitingFor).toBe("quota");
    await wakeWaitingJobs(steps, ["full"]);
    expect(await row(waiting)).toMatchObject({ waitingFor: null, dispatchedAt: expect.any(Date) });
    expect(await inQueue(waiting, 3)).toBeDefined();
    expect(said()[1]).toEqual(["there is room: jobs that waited for it go on", { jobs: 1 }]);

    // The call that was never answered: its bound still counts, and operators hear of it.
    const [call] = await database.prisma.usageLog.findMany({ where: { jobId: holder } });
    await giveUpCalls(steps);
    expect(lostAnswers).toBe(0);
    await later(5.001);
    await giveUpCalls(steps);
    expect(lostAnswers).toBe(1);
    expect(said()[2]).toEqual([
      "a call's answer was lost",
      { callId: call?.id, creatorId: "full", boundUsd: "1.000000000000" },
    ]);
  });

  async function intent(
    jobId: string,
    holdUsd: string,
    { reserveUsd, timeoutSeconds }: { reserveUsd: string; timeoutSeconds: number },
  ): Promise<CallIntent> {
    const price = await steps.ledger.prices.priceOf("gemini-2.5-flash", "standard", new Date(base));
    if (!price) throw new Error("There is no price.");
    return {
      ...{ id: steps.ledger.newCallId(), jobId, attempt: await claim(jobId), stepKey: "prompt", price },
      ...{ creatorId: "full", agentId: "test_ai", feature: "test", timeoutSeconds },
      ...{ routedTo: [], worstUsd: sumUsd([holdUsd]), promptWorstUsd: sumUsd([holdUsd]) },
      ...{ holdUsd: sumUsd([holdUsd]), reserveUsd: sumUsd([reserveUsd]) },
    };
  }
});

it("the ticks that close months are scheduled where Redis is new", async () => {
  await refillRedis(steps);
  await refillRedis(steps);
  expect(await charges.getJobSchedulersCount()).toBe(1);
});

it("nothing is said where nothing is to be done", async () => {
  await markDispatched(database, []);
  await refillRedis(steps);
  fakes.logged.length = 0;
  for (const step of [takeOver, expireJobs, refillRedis, dispatchUndispatched, moveLanes]) {
    await step(steps);
  }
  for (const step of [
    findReleased,
    removeEnded,
    applyChangedTerms,
    wakeWaitingJobs,
    giveBackHolds,
    giveUpCalls,
  ]) {
    await step(steps);
  }
  expect(fakes.logged).toEqual([]);
});
