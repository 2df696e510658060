import { describe, expect, it } from "@jest/globals";
import { eventually, watchInvariants } from "../../src/index.ts";
import { NowhereWatch, readJobsNowhere, TwiceWatch } from "../../src/invariants/nowhere.ts";
import { RecoveryWatch } from "../../src/invariants/recovery.ts";
import { readStanding } from "../../src/invariants/redis-look.ts";
import { createCall, createQueuedJob, database, redis, setAccount, setLease, world } from "./clean-world.ts";

const runningOn = (workerId: string, more: object = {}) =>
  createQueuedJob({
    ...{ status: "running", attempt: 1, startedAt: new Date(), attemptDeadlineAt: new Date(), workerId },
    ...more,
  });

/** So many releases of psy, whose bucket holds two, between two looks of a watch. */
async function release(count: number): Promise<void> {
  const entries = await Promise.all(
    Array.from({ length: count }, async () => `${await createQueuedJob({ createdAt: new Date(0) })}-g1|test`),
  );
  for (const entry of entries) await redis.zadd("{lanes}:lane:psy", 1, entry);
  const isSeen = await looks();
  await isSeen();
  const multi = redis.multi().del("{lanes}:lane:psy");
  for (const entry of entries) multi.zadd("{lanes}:released", Date.now(), entry);
  await multi.exec();
}

/** This run of Redis is used from now on, as lanes note it. */
async function beginRun(): Promise<void> {
  const run = /run_id:(\w+)/.exec(await redis.info("server"))?.[1] ?? "";
  await redis.hset("{lanes}:state", { run, born: Date.now() });
}

let watch: ReturnType<typeof watchInvariants>;

/** @returns what waits until everything was looked at from now on */
async function looks(): Promise<() => Promise<void>> {
  const before = watch.stats().looks;
  return () => eventually(() => expect(watch.stats().looks).toBeGreaterThan(before + 1));
}

describe("the watch", () => {
  it("finds nothing where nothing is amiss, and while services are away", async () => {
    watch = watchInvariants(world);
    await beginRun();
    await release(2);
    await (await looks())();
    expect(watch.violations()).toEqual([]);
    expect(await watch.stop()).toEqual([]);
    expect(watch.stats()).toMatchObject({ unanswered: 0 });

    const away = watchInvariants({ ...world, redisUrl: "redis://127.0.0.1:1" });
    await eventually(() => expect(away.stats().unanswered).toBeGreaterThan(1));
    expect(await away.stop()).toEqual([]);
  });

  it("finds releases that pass a bucket, by when they left their lane", async () => {
    watch = watchInvariants(world);
    await beginRun();
    await release(5);
    await (await looks())();
    expect(await watch.stop()).toEqual([
      expect.stringMatching(/^K: psy had 5 releases between .* tokens \(at /),
    ]);
  });

  it("finds a job that stands in its lane and in a queue", async () => {
    await beginRun();
    const id = await createQueuedJob({ createdAt: new Date(Date.now() + 1_000) });
    await redis.zadd("{lanes}:lane:psy", 1, `${id}-g1|test`);
    await redis.zadd("{agent-test}:test:prioritized", 1, `${id}-g1`);
    watch = watchInvariants(world);
    await (await looks())();
    expect(await watch.stop()).toEqual([expect.stringMatching(`^H: ${id} stands in two places, `)]);
  });

  it("finds holds that no call has, and a quota that is passed for a while", async () => {
    await database.prisma.creatorHistory.deleteMany();
    await createCall("call_2", { holdUsd: "0.5" });
    await setAccount({ heldUsd: "1.5" });
    // Not before: a look between the two would see another hold.
    watch = watchInvariants(world);
    await eventually(() => expect(watch.violations()).toHaveLength(3));
    await setAccount({ heldUsd: "0.5" });
    await (await looks())();
    expect(await watch.stop()).toEqual([
      expect.stringMatching(/^E: creator:psy:\d{4}-\d\d: held is 1\.50*, its calls say 0\.50*/),
      expect.stringMatching(/^E: platform:\d{4}-\d\d: held is 1\.50*, its calls say 0\.50*/),
      expect.stringMatching(/^E: creator:psy:\d{4}-\d\d: spent, held and unknown are 1\.50155/),
    ]);
  });
});

describe("H", () => {
  it.each<[string, () => Promise<unknown>]>([
    ["its lane", async () => redis.zadd("{lanes}:lane:psy", 1, `${await createQueuedJob()}-g1|test`)],
    [
      "a lane, for a time",
      async () => redis.zadd("{lanes}:timed", 1, `${await createQueuedJob()}-g1|test|100|psy`),
    ],
    ["a queue", async () => redis.zadd("{agent-test}:test:prioritized", 1, `${await createQueuedJob()}-g1`)],
    [
      "a worker's hands",
      async () => {
        const id = await createQueuedJob();
        await redis.lpush("{agent-test}:test:active", `${id}-g1`);
        await redis.set(`{agent-test}:test:${id}-g1:lock`, "token");
      },
    ],
    ["a time", () => createQueuedJob({ runAt: new Date(Date.now() + 60_000) })],
    ["want of room", () => createQueuedJob({ waitingFor: "quota" })],
    ["a line of suspects", () => createQueuedJob({ crashes: 2 })],
    [
      "a live worker",
      async () => {
        await setLease("worker_1", 60);
        await runningOn("worker_1");
      },
    ],
  ])("a job that stands in %s stands somewhere", async (_place, put) => {
    await put();
    const nowhere = new NowhereWatch();
    for (const now of [0, 20_000]) {
      expect(nowhere.look(await readJobsNowhere(world), await readStanding(redis), now)).toEqual([]);
    }
  });

  it.each<[string, () => Promise<string>]>([
    ["queued, and nowhere", () => createQueuedJob()],
    [
      "released, and in no queue",
      async () => {
        const id = await createQueuedJob();
        await redis.zadd("{lanes}:released", 1, `${id}-g1|test`);
        return id;
      },
    ],
    [
      "in its lane under an earlier generation",
      async () => {
        const id = await createQueuedJob({ generation: 2 });
        await redis.zadd("{lanes}:lane:psy", 1, `${id}-g1|test`);
        return id;
      },
    ],
    [
      "in hand without a lock",
      async () => {
        const id = await createQueuedJob();
        await redis.lpush("{agent-test}:test:active", `${id}-g1`);
        return id;
      },
    ],
    [
      "running on a dead worker",
      async () => {
        await setLease("worker_1", -1);
        return runningOn("worker_1");
      },
    ],
  ])("a job that is %s is found after 15 s", async (_place, put) => {
    const id = await put();
    const nowhere = new NowhereWatch();
    const look = async (now: number) =>
      nowhere.look(await readJobsNowhere(world), await readStanding(redis), now);
    expect(await look(0)).toEqual([]);
    expect(await look(14_999)).toEqual([]);
    expect(nowhere.longestMs).toBe(14_999);
    // Nobody could know meanwhile.
    nowhere.forget();
    expect(await look(15_000)).toEqual([]);
    expect(await look(30_000)).toEqual([expect.stringMatching(`^H: ${id} .* stood nowhere for 15 s$`)]);
  });

  describe("a job in two places", () => {
    const lane = (id: string) => redis.zadd("{lanes}:lane:psy", 1, `${id}-g1|test`);
    const queue = (id: string) => redis.zadd("{agent-test}:test:prioritized", 1, `${id}-g1`);
    const look = async (twice: TwiceWatch) =>
      twice.look(await readJobsNowhere(world), await readStanding(redis));

    it.each<[string, (id: string) => Promise<unknown>]>([
      ["its lane and a queue", (id) => queue(id)],
      ["its lane and another's", (id) => redis.zadd("{lanes}:lane:iu", 1, `${id}-g1|test`)],
      ["its lane, twice", (id) => redis.zadd("{lanes}:timed", 1, `${id}-g1|test|100|psy`)],
      [
        "its lane and a worker's hands",
        async (id) => {
          await redis.lpush("{agent-test}:test:active", `${id}-g1`);
          await redis.set(`{agent-test}:test:${id}-g1:lock`, "token");
        },
      ],
    ])("is found where it stands in %s at two looks in a row", async (_places, put) => {
      await beginRun();
      const id = await createQueuedJob({ createdAt: new Date(Date.now() + 1_000) });
      await lane(id);
      await put(id);
      const twice = new TwiceWatch();
      expect(await look(twice)).toEqual([]);
      twice.forget();
      expect(await look(twice)).toEqual([]);
      expect(await look(twice)).toEqual([expect.stringMatching(`^H: ${id} stands in two places, {.* and {`)]);
    });

    it("is none where it was moved on, is another generation's, or has run of late", async () => {
      await beginRun();
      const later = { createdAt: new Date(Date.now() + 1_000) };
      const [moved, again] = [
        await createQueuedJob(later),
        await createQueuedJob({ ...later, generation: 2 }),
      ];
      await setLease("worker_1", -1);
      const running = await runningOn("worker_1", later);
      for (const id of [moved, again, running]) {
        await lane(id);
        await queue(id);
      }
      const twice = new TwiceWatch();
      expect(await look(twice)).toEqual([]);
      await redis.zrem("{lanes}:lane:psy", `${moved}-g1|test`);
      await redis.zadd("{lanes}:released", Date.now(), `${moved}-g1|test`);
      expect(await look(twice)).toEqual([]);
    });

    it("is nobody's fault where it is older than this run of Redis, or nobody has used that", async () => {
      const id = await createQueuedJob({ createdAt: new Date(Date.now() - 1_000) });
      await lane(id);
      await queue(id);
      const twice = new TwiceWatch();
      await redis.hset("{lanes}:state", { run: "before", born: 1 });
      for (const _ of [1, 2]) expect(await look(twice)).toEqual([]);
      await beginRun();
      for (const _ of [1, 2]) expect(await look(twice)).toEqual([]);
    });
  });
});

describe("I", () => {
  it("finds a job that a killed worker has left, once a live one could have taken it for 15 s", async () => {
    const recovery = new RecoveryWatch();
    const look = (now: number) => recovery.look(world, now);
    await setLease("worker_1", 60);
    const id = await runningOn("worker_1");
    const other = await runningOn("worker_1");
    expect(await look(0)).toEqual([]);
    recovery.noteKill();
    await setLease("worker_1", -1);
    // There is nobody who could.
    expect(await look(20_000)).toEqual([]);
    await setLease("worker_2", 60);
    expect(await look(30_000)).toEqual([]);
    expect(await look(45_000)).toEqual([]);
    await database.prisma.job.update({ where: { id: other }, data: { attempt: 2, workerId: "worker_2" } });
    expect(await look(45_001)).toEqual([
      `I: ${id} is running 15 s after its attempt 1 was killed with worker_1`,
    ]);
    expect(await look(60_000)).toEqual([]);
    expect(recovery.longestMs.kill).toBe(15_001);
  });

  it("finds nothing of jobs that run again, wait for what a kill has nothing to do with, or whose worker lives", async () => {
    const recovery = new RecoveryWatch();
    for (const name of ["worker_1", "worker_2"]) await setLease(name, 60);
    const [again, suspect] = await Promise.all([
      runningOn("worker_1"),
      runningOn("worker_1"),
      runningOn("worker_2"),
    ]);
    await recovery.look(world, 0);
    recovery.noteKill();
    await setLease("worker_1", -1);
    await database.prisma.job.update({ where: { id: again }, data: { attempt: 2, workerId: "worker_2" } });
    await database.prisma.job.update({ where: { id: suspect }, data: { status: "queued", crashes: 2 } });
    for (const now of [1_000, 17_000, 40_000]) expect(await recovery.look(world, now)).toEqual([]);
  });

  it("finds a job that waits though a worker has had free slots for a while", async () => {
    const recovery = new RecoveryWatch();
    for (const name of ["worker_1", "worker_2"]) await setLease(name, 60);
    const others = await Promise.all([1, 2, 3, 4].map(() => runningOn("worker_2")));
    const id = await runningOn("worker_1");
    await recovery.look(world, 0);
    recovery.noteKill();
    await setLease("worker_1", -1);
    await database.prisma.job.update({ where: { id }, data: { status: "queued" } });
    expect(await recovery.look(world, 1_000)).toEqual([]);
    // Whoever else could run it is busy.
    expect(await recovery.look(world, 17_000)).toEqual([]);
    const ended = { status: "cancelled", finishedAt: new Date() } as const;
    await database.prisma.job.updateMany({ where: { id: { in: others.slice(1) } }, data: ended });
    expect(await recovery.look(world, 18_000)).toEqual([]);
    expect(await recovery.look(world, 21_001)).toEqual([
      `I: ${id} is queued 15 s after its attempt 1 was killed with worker_1`,
    ]);
  });

  it("finds that nothing begins or ends for 30 s after a failover, though something could", async () => {
    const recovery = new RecoveryWatch();
    await setLease("worker_1", 60);
    const id = await createQueuedJob();
    recovery.noteFailover();
    for (const now of [0, 1, 30_000]) expect(await recovery.look(world, now)).toEqual([]);
    expect(await recovery.look(world, 30_001)).toEqual([
      "I: nothing began or ended within 30 s of a failover",
    ]);
    recovery.noteFailover();
    for (const now of [40_000, 40_001]) expect(await recovery.look(world, now)).toEqual([]);
    await database.prisma.job.update({ where: { id }, data: { attempt: 1 } });
    for (const now of [50_000, 99_000]) expect(await recovery.look(world, now)).toEqual([]);
    expect(recovery.longestMs.failover).toBe(10_000);
  });

  it("asks nothing of a failover while there is nothing to do", async () => {
    const recovery = new RecoveryWatch();
    await setLease("worker_1", 60);
    await createQueuedJob({ waitingFor: "quota" });
    recovery.noteFailover();
    for (const now of [0, 1, 60_000, 120_000]) expect(await recovery.look(world, now)).toEqual([]);
  });
});
