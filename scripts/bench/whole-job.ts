import { openDatabase } from "@understudy/database";
import { startTestEmulator } from "@understudy/testkit";
import { type Benchmark, type BenchRun, takeTurns } from "./bench-run.ts";
import { type Drained, drainByWorker, type Stack } from "./drain-by-worker.ts";
import {
  bound,
  type CpuOfJob,
  type CpuProcess,
  compare,
  type Finding,
  type PeerProcess,
  spread,
} from "./finding.ts";
import { startPeer } from "./peer-process.ts";
import { startPrivateServices } from "./private-services.ts";
import { startApiProcess } from "./start-api.ts";

const rounds = 3;

/**
 * Jobs of one turn, all accepted before the worker starts. The first of them are not counted, with us and with the peers: V8
 * compiles what is hot meanwhile (for some 3,000 jobs that is a quarter of the worker's CPU), and Postgres plans each
 * statement six times on each of ten connections, which takes sixty batches of each kind.
 */
const size = { jobs: 9_000, warmUpJobs: 6_000 };

/** The naive peer is so slow that fewer tell as much. */
const naiveSize = { jobs: 3_000, warmUpJobs: 1_500 };

/** The peers' jobs at once: as many as the messaging agent's. */
const concurrency = 50;

/** What a peer took for each job. */
interface PeerFigures {
  jobsPerSecond: number;
  us: Record<PeerProcess, number>;
}

/** A job's whole way through a worker, its call to the emulated Gemini and its billing included. */
export const wholeJob: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApiProcess(run, services);
  const emulator = await startTestEmulator();
  run.atEnd(emulator.stop);
  const database = openDatabase(services.databaseUrl, 1);
  run.atEnd(database.close);
  const sink = await startPeer(run, "event-sink", {});
  const stack = { services, api, emulator, database };

  const alone: Drained[] = [];
  const told: Drained[] = [];
  const idle: PeerFigures[] = [];
  const naive: PeerFigures[] = [];
  await takeTurns(run, rounds, [
    turn("worker", alone, () => drainByWorker(run, stack, size)),
    turn("worker, with webhook", told, () => drainByWorker(run, stack, size, `${sink.url}/hook`)),
    turn("BullMQ no-op", idle, () => drainByNoOp(run, stack)),
    turn("naive job", naive, () => drainNaively(run, stack)),
  ]);

  const speed = (figures: readonly { jobsPerSecond: number }[]) =>
    figures.map(({ jobsPerSecond }) => jobsPerSecond);
  const rate = { benchmark: "job", unit: "jobs/s" } as const;
  const noOp = { peerName: "BullMQ no-op", peer: speed(idle) };
  const whole = compare({ ...rate, ...noOp, what: "whole job", ours: speed(alone), goalMin: 0.15 });
  const rates = [
    compare({ ...rate, ...noOp, what: "whole job, with webhook", ours: speed(told), goalMin: 0.12 }),
    compare({
      ...rate,
      ...{ what: "whole job", ours: speed(alone) },
      ...{ peerName: "the same written naively", peer: speed(naive), goalMin: 5 },
    }),
  ];
  if (alone.some(({ us }) => Number.isNaN(us.worker))) {
    run.report("CPU by process is told on Linux alone, and left out here");
    return [whole, ...rates];
  }
  return [{ ...whole, cpu: cpuOfJob(alone, idle) }, ...rates, ...cpuFindings(alone, told, idle)];
};

function turn<Figures extends { jobsPerSecond: number }>(
  name: string,
  all: Figures[],
  measure: () => Promise<Figures>,
) {
  return {
    name,
    async measure() {
      const figures = await measure();
      all.push(figures);
      return figures.jobsPerSecond;
    },
    show: (perSecond: number) => `${Math.round(perSecond)} jobs/s`,
  };
}

const ownUs = ({ us }: Drained) => us.worker + us.postgres + us.redis;
const peerUs = ({ us }: PeerFigures) => us.node + us.redis;

function cpuOfJob(ours: readonly Drained[], peer: readonly PeerFigures[]): CpuOfJob {
  const median = (figures: readonly number[]) => spread(figures).median;
  const own = (process: CpuProcess) => median(ours.map(({ us }) => us[process]));
  const its = (process: PeerProcess) => median(peer.map(({ us }) => us[process]));
  return {
    ours: {
      worker: own("worker"),
      postgres: own("postgres"),
      redis: own("redis"),
      api: own("api"),
      emulator: own("emulator"),
    },
    peer: { node: its("node"), redis: its("redis") },
    ratio: median(ours.map((one, round) => ownUs(one) / peerUs(peer[round] as PeerFigures))),
  };
}

function cpuFindings(
  alone: readonly Drained[],
  told: readonly Drained[],
  idle: readonly PeerFigures[],
): Finding[] {
  const cpu = (what: string, ours: readonly number[], goalMax?: number) =>
    compare({
      ...{ benchmark: "job", unit: "µs", what: `CPU of a job: ${what}`, ours, goalMax },
      ...{ peerName: "BullMQ no-op", peer: idle.map(peerUs) },
    });
  const each = (process: CpuProcess) => alone.map(({ us }) => us[process]);
  const own = { benchmark: "job" } as const;
  return [
    cpu("worker, Postgres, Redis", alone.map(ownUs), 5),
    cpu("the same, with webhook", told.map(ownUs)),
    cpu("worker", each("worker")),
    cpu("Postgres", each("postgres"), 2.8),
    cpu("Redis", each("redis")),
    cpu("API, to accept it", each("api")),
    cpu("emulator", each("emulator")),
    bound({
      ...{ ...own, what: "commits a job", unit: "commits" },
      ...{ ours: alone.map((one) => one.commits), goalMax: 0.3 },
    }),
    bound({
      ...{ ...own, what: "updates of JobRecord that are HOT", unit: "share" },
      ours: alone.map((one) => one.hotShare),
    }),
  ];
}

/** A bare BullMQ worker in a process of its own. */
async function drainByNoOp(run: BenchRun, { services: { redisUrl, redisPid } }: Stack): Promise<PeerFigures> {
  return readPeer(await startPeer(run, "bullmq-noop", { redisUrl, redisPid, ...size, concurrency }));
}

/** The same promises as they are usually kept: BullMQ, Google's SDK, and a transaction for each step. */
async function drainNaively(run: BenchRun, { services, emulator }: Stack): Promise<PeerFigures> {
  const { databaseUrl, redisUrl, redisPid } = services;
  const given = { databaseUrl, redisUrl, redisPid, emulatorUrl: emulator.url, ...naiveSize, concurrency };
  return readPeer(await startPeer(run, "naive-job", given));
}

function readPeer({ jobsPerSecond, nodeUs, redisUs }: Record<string, string | number>): PeerFigures {
  return { jobsPerSecond: Number(jobsPerSecond), us: { node: Number(nodeUs), redis: Number(redisUs) } };
}
