import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase } from "@understudy/database";
import { spawnService, startTestEmulator, testSecretsKeys } from "@understudy/testkit";
import { type Benchmark, type BenchRun, takeTurns } from "./bench-run.ts";
import { cpuTimeUs } from "./cpu-time.ts";
import { messagingRequests } from "./fan-messages.ts";
import { bound, compare } from "./finding.ts";
import { generateLoad } from "./load.ts";
import { startPeer } from "./peer-process.ts";
import { type PrivateServices, startPrivateServices } from "./private-services.ts";
import { startApi } from "./start-api.ts";

const rounds = 3;

/** Jobs of one turn, all accepted before the worker starts. */
const jobs = 6_000;

/**
 * The first of them are not counted, with us and with the peer: V8 compiles what is hot meanwhile (for some 3,000
 * jobs that is a quarter of the worker's CPU), and Postgres plans each statement six times on each connection.
 */
const warmUpJobs = 3_000;

/** The peer's jobs at once: as many as the messaging agent's. */
const concurrency = 50;

/** Coarse: what is measured is when each job ended. */
const pollMs = 500;

/** A job's whole way through a worker, its call to the emulated Gemini and its billing included. */
export const wholeJob: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApi(run, services);
  const emulator = await startTestEmulator();
  run.atEnd(emulator.stop);
  const database = openDatabase(services.databaseUrl, 1);
  run.atEnd(database.close);

  const worked: Drained[] = [];
  const idled: { jobsPerSecond: number; cpuUs: number }[] = [];
  const show = (perSecond: number) => `${Math.round(perSecond)} jobs/s`;
  await takeTurns(run, rounds, [
    {
      name: "worker",
      async measure() {
        const drained = await drainByWorker(run, { services, api, emulator, database });
        worked.push(drained);
        return drained.jobsPerSecond;
      },
      show,
    },
    {
      name: "BullMQ no-op",
      async measure() {
        const drained = await drainByNoOp(run, services);
        idled.push(drained);
        return drained.jobsPerSecond;
      },
      show,
    },
  ]);

  const benchmark = "job";
  const peerName = "BullMQ no-op";
  const rate = compare({
    ...{ benchmark, peerName, what: "whole job", unit: "jobs/s" },
    ours: worked.map((one) => one.jobsPerSecond),
    peer: idled.map((one) => one.jobsPerSecond),
    goalMin: 0.15,
  });
  if (worked.some(({ us }) => Number.isNaN(us.worker))) {
    run.report("CPU by process is told on Linux alone, and left out here");
    return [rate];
  }
  const cpu = (what: string, ours: (one: Drained) => number, goalMax?: number) =>
    compare({
      ...{ benchmark, peerName, what, unit: "µs" as const, goalMax },
      ours: worked.map(ours),
      peer: idled.map(({ cpuUs }) => cpuUs),
    });
  const alone = { benchmark, ours: [] as number[] } as const;
  return [
    rate,
    cpu("CPU of a job: worker, Postgres, Redis", ({ us }) => us.worker + us.postgres + us.redis, 5),
    cpu("CPU of a job: worker", ({ us }) => us.worker),
    cpu("CPU of a job: Postgres", ({ us }) => us.postgres, 2.8),
    cpu("CPU of a job: Redis", ({ us }) => us.redis),
    cpu("CPU of a job: emulator", ({ us }) => us.emulator),
    bound({
      ...alone,
      what: "commits a job",
      unit: "commits",
      ours: worked.map((one) => one.commits),
      goalMax: 0.3,
    }),
    bound({
      ...alone,
      what: "updates of Job that are HOT",
      unit: "share",
      ours: worked.map((one) => one.hotShare),
    }),
  ];
};

/** What a worker took for each job after the warm-up. */
interface Drained {
  jobsPerSecond: number;
  /** CPU of a job by process. */
  us: Record<"worker" | "postgres" | "redis" | "emulator", number>;
  /** Transactions of Postgres a job. */
  commits: number;
  /** Of the updates of `Job` those that touched no index. */
  hotShare: number;
}

interface Stack {
  services: PrivateServices;
  api: string;
  emulator: Awaited<ReturnType<typeof startTestEmulator>>;
  database: Database;
}

/** One worker process that finds all jobs waiting. */
async function drainByWorker(run: BenchRun, { services, api, emulator, database }: Stack): Promise<Drained> {
  const requests = messagingRequests();
  await generateLoad({
    url: api,
    requests,
    status: 202,
    connections: 64,
    until: { requests: jobs },
    signal: run.signal,
  });
  await untilNone(run, () => database.prisma.job.count({ where: { dispatchedAt: null } }));

  const startedAt = new Date();
  const worker = await spawnService("worker", {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
    GEMINI_API_KEY: "emulator",
    GEMINI_BASE_URL: emulator.url,
    LOG_LEVEL: "error",
  });
  const pids = {
    worker: worker.pid,
    postgres: services.postgresPid,
    redis: services.redisPid,
    emulator: emulator.pid,
  };
  const looks: Look[] = [];
  try {
    await untilNone(run, async () => {
      const left = await database.prisma.job.count({ where: { finishedAt: null } });
      looks.push(await look(database, pids, left));
      return left;
    });
  } finally {
    await worker.stop();
  }
  const finished = await database.prisma.job.findMany({
    where: { startedAt: { gte: startedAt }, status: "completed" },
    orderBy: { finishedAt: "asc" },
    select: { finishedAt: true },
  });
  if (finished.length !== jobs) throw new Error(`Of ${jobs} jobs only ${finished.length} were completed.`);
  const endedAt = (index: number) => finished.at(index)?.finishedAt?.getTime() ?? Number.NaN;
  return {
    jobsPerSecond: (jobs - warmUpJobs) / ((endedAt(-1) - endedAt(warmUpJobs - 1)) / 1000),
    ...between(looks),
  };
}

type Pids = Record<keyof Drained["us"], number>;

/** How far a worker has come, and what was used until then. */
interface Look {
  left: number;
  us: Drained["us"];
  commits: number;
  updates: number;
  hotUpdates: number;
}

async function look(database: Database, pids: Pids, left: number): Promise<Look> {
  const us = (pid: number) => cpuTimeUs(pid) ?? Number.NaN;
  const [statistics] = await database.prisma.$queryRaw<Omit<Look, "left" | "us">[]>`
    SELECT xact_commit::float8 AS "commits", n_tup_upd::float8 AS "updates", n_tup_hot_upd::float8 AS "hotUpdates"
    FROM pg_stat_database, pg_stat_user_tables WHERE datname = current_database() AND relname = 'Job'`;
  if (!statistics) throw new Error("Postgres keeps no statistics.");
  return {
    left,
    us: {
      worker: us(pids.worker),
      postgres: us(pids.postgres),
      redis: us(pids.redis),
      emulator: us(pids.emulator),
    },
    ...statistics,
  };
}

/** From the first look after the warm-up to the last, for each job between. */
function between(looks: readonly Look[]): Omit<Drained, "jobsPerSecond"> {
  const first = looks.find(({ left }) => left <= jobs - warmUpJobs);
  const last = looks.at(-1);
  if (!first || !last) throw new Error("The worker was never looked at.");
  const each = (of: (one: Look) => number) => (of(last) - of(first)) / (first.left - last.left);
  return {
    us: {
      worker: each(({ us }) => us.worker),
      postgres: each(({ us }) => us.postgres),
      redis: each(({ us }) => us.redis),
      emulator: each(({ us }) => us.emulator),
    },
    commits: each(({ commits }) => commits),
    hotShare: each(({ hotUpdates }) => hotUpdates) / each(({ updates }) => updates),
  };
}

/** A bare BullMQ worker in a process of its own. */
async function drainByNoOp(
  run: BenchRun,
  { redisUrl, redisPid }: PrivateServices,
): Promise<{ jobsPerSecond: number; cpuUs: number }> {
  const options = { redisUrl, redisPid, jobs, warmUpJobs, concurrency };
  const drained = await startPeer(run, "bullmq-noop", options);
  return { jobsPerSecond: Number(drained.jobsPerSecond), cpuUs: Number(drained.cpuUs) };
}

async function untilNone({ signal }: BenchRun, count: () => Promise<number>): Promise<void> {
  while ((await count()) > 0) await sleep(pollMs, undefined, { signal });
}
