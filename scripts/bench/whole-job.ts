import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase } from "@understudy/database";
import { spawnService, testSecretsKeys } from "@understudy/testkit";
import { type Benchmark, type BenchRun, takeTurns } from "./bench-run.ts";
import { messagingRequests } from "./fan-messages.ts";
import { compare } from "./finding.ts";
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
  const emulator = await spawnService("gemini-emulator", { EMULATOR_PORT: "0", LOG_LEVEL: "warn" });
  run.atEnd(emulator.stop);
  const emulatorUrl = String(emulator.details.url);
  const database = openDatabase(services.databaseUrl, 1);
  run.atEnd(database.close);

  const show = (perSecond: number) => `${Math.round(perSecond)} jobs/s`;
  const [ours = [], peer = []] = await takeTurns(run, rounds, [
    { name: "worker", measure: () => drainByWorker(run, { services, api, emulatorUrl, database }), show },
    { name: "BullMQ no-op", measure: () => drainByNoOp(run, services), show },
  ]);
  return [
    compare({
      benchmark: "job",
      what: "whole job",
      unit: "jobs/s",
      peerName: "BullMQ no-op",
      ours,
      peer,
      goalMin: 0.3,
    }),
  ];
};

interface Stack {
  services: PrivateServices;
  api: string;
  emulatorUrl: string;
  database: Database;
}

/** @returns jobs/s of one worker process that finds all jobs waiting */
async function drainByWorker(
  run: BenchRun,
  { services, api, emulatorUrl, database }: Stack,
): Promise<number> {
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
    GEMINI_BASE_URL: emulatorUrl,
    LOG_LEVEL: "error",
  });
  try {
    await untilNone(run, () => database.prisma.job.count({ where: { finishedAt: null } }));
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
  return (jobs - warmUpJobs) / ((endedAt(-1) - endedAt(warmUpJobs - 1)) / 1000);
}

/** @returns jobs/s of a bare BullMQ worker in a process of its own */
async function drainByNoOp(run: BenchRun, { redisUrl }: PrivateServices): Promise<number> {
  const drained = await startPeer(run, "bullmq-noop", { redisUrl, jobs, warmUpJobs, concurrency });
  return Number(drained.jobsPerSecond);
}

async function untilNone({ signal }: BenchRun, count: () => Promise<number>): Promise<void> {
  while ((await count()) > 0) await sleep(pollMs, undefined, { signal });
}
