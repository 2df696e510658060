import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@understudy/database";
import type { startTestEmulator } from "@understudy/testkit";
import type { BenchRun } from "./bench-run.ts";
import { cpuTimeUs } from "./cpu-time.ts";
import { messagingRequests } from "./fan-messages.ts";
import type { CpuProcess } from "./finding.ts";
import { generateLoad } from "./load.ts";
import type { PrivateServices } from "./private-services.ts";
import { registerEndpoint } from "./start-api.ts";
import { startWorker } from "./start-worker.ts";

/** Coarse: what is measured is when each job ended. */
const pollMs = 500;

/** What drains jobs and what they are drained from. */
export interface Stack {
  services: PrivateServices;
  api: { url: string; pid: number };
  emulator: Awaited<ReturnType<typeof startTestEmulator>>;
  database: Database;
}

/** How many jobs one turn has, and how many of them are not counted. */
export interface TurnSize {
  jobs: number;
  warmUpJobs: number;
}

/** What a worker took for each job after the warm-up. */
export interface Drained {
  jobsPerSecond: number;
  /** CPU of a job by process; the API's is of accepting it. */
  us: Record<CpuProcess, number>;
  /** Transactions of Postgres a job. */
  commits: number;
  /** Of the updates of `JobRecord` those that touched no index. */
  hotShare: number;
}

/**
 * Has jobs accepted, and then one worker process do all that wait.
 * @param sink the URL that is told of each end, which is part of the job then
 */
export async function drainByWorker(
  run: BenchRun,
  stack: Stack,
  size: TurnSize,
  sink?: string,
): Promise<Drained> {
  const { services, api, emulator, database } = stack;
  const forget = sink === undefined ? undefined : await registerEndpoint(api.url, sink);
  const apiUs = await acceptJobs(run, stack, size.jobs);

  const startedAt = new Date();
  const worker = await startWorker(services, emulator.url);
  const pids = {
    worker: worker.pid,
    postgres: services.postgresPid,
    redis: services.redisPid,
    emulator: emulator.pid,
  };
  const looks: Look[] = [];
  try {
    await untilNone(run, async () => {
      const left = await countLeft(database);
      looks.push(await look(database, pids, left));
      return left;
    });
  } finally {
    await worker.stop();
  }
  const endedAt = await (sink === undefined ? jobsEndedAt : endsDeliveredAt)(database, startedAt);
  if (endedAt.length !== size.jobs) {
    throw new Error(`Of ${size.jobs} jobs only ${endedAt.length} were completed.`);
  }
  await forget?.();
  const at = (index: number) => endedAt.at(index) ?? Number.NaN;
  const { us, ...rest } = between(looks, size);
  return {
    jobsPerSecond: (size.jobs - size.warmUpJobs) / ((at(-1) - at(size.warmUpJobs - 1)) / 1000),
    us: { ...us, api: apiUs },
    ...rest,
  };
}

/** @returns the API's CPU for each, in µs */
async function acceptJobs(run: BenchRun, { api, database }: Stack, jobs: number): Promise<number> {
  const before = cpuTimeUs(api.pid) ?? Number.NaN;
  await generateLoad({
    url: api.url,
    requests: messagingRequests(),
    status: 202,
    connections: 64,
    until: { requests: jobs },
    signal: run.signal,
  });
  const us = ((cpuTimeUs(api.pid) ?? Number.NaN) - before) / jobs;
  await untilNone(run, () => database.prisma.liveJob.count({ where: { dispatchedAt: null } }));
  return us;
}

const ended = (since: Date) => ({ startedAt: { gte: since }, status: "completed" }) as const;
const delivered = (since: Date) => ({ deliveredAt: { gte: since } }) as const;

/** Jobs that have not ended or are still to be told of: short lists, so that looking costs next to nothing. */
async function countLeft({ prisma }: Database): Promise<number> {
  const [row] = await prisma.$queryRaw<{ left: number }[]>`
    SELECT (SELECT count(*) FROM "LiveJob")::int + (SELECT count(*) FROM "Outbox" WHERE "publishedAt" IS NULL)::int
      + (SELECT count(*) FROM "Delivery" WHERE "status" = 'pending')::int AS "left"`;
  return row?.left ?? 0;
}

async function jobsEndedAt({ prisma }: Database, since: Date): Promise<number[]> {
  const rows = await prisma.jobRecord.findMany({
    where: ended(since),
    orderBy: { finishedAt: "asc" },
    select: { finishedAt: true },
  });
  return rows.map(({ finishedAt }) => finishedAt?.getTime() ?? Number.NaN);
}

async function endsDeliveredAt({ prisma }: Database, since: Date): Promise<number[]> {
  const rows = await prisma.delivery.findMany({
    where: delivered(since),
    orderBy: { deliveredAt: "asc" },
    select: { deliveredAt: true },
  });
  return rows.map(({ deliveredAt }) => deliveredAt?.getTime() ?? Number.NaN);
}

type Watched = Exclude<CpuProcess, "api">;

/** How far a worker has come, and what was used until then. */
interface Look {
  left: number;
  us: Record<Watched, number>;
  commits: number;
  updates: number;
  hotUpdates: number;
}

async function look(database: Database, pids: Record<Watched, number>, left: number): Promise<Look> {
  const us = (pid: number) => cpuTimeUs(pid) ?? Number.NaN;
  const [statistics] = await database.prisma.$queryRaw<Omit<Look, "left" | "us">[]>`
    SELECT xact_commit::float8 AS "commits", n_tup_upd::float8 AS "updates", n_tup_hot_upd::float8 AS "hotUpdates"
    FROM pg_stat_database, pg_stat_user_tables WHERE datname = current_database() AND relname = 'JobRecord'`;
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
function between(looks: readonly Look[], { jobs, warmUpJobs }: TurnSize) {
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

async function untilNone({ signal }: BenchRun, count: () => Promise<number>): Promise<void> {
  while ((await count()) > 0) await sleep(pollMs, undefined, { signal });
}
