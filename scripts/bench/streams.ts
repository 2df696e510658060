import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { newId, openDatabase } from "@understudy/database";
import type { Benchmark, BenchRun } from "./bench-run.ts";
import { bound, boundLatency } from "./finding.ts";
import { startPeer } from "./peer-process.ts";
import { startPrivateServices } from "./private-services.ts";
import { quantile } from "./quantile.ts";
import { startApiProcess } from "./start-api.ts";
import { openReaders } from "./stream-readers.ts";

const streamsAtOnce = 1_000;

/** Of each stream: 10,000 in all. */
const chunksPerSecond = 10;

const rounds = 3;

/** V8 compiles what is hot meanwhile, and grows its heap. */
const warmUp = { streams: 200, chunksPerSecond: 25, seconds: 5 };

/** After so long what was opened is at rest. */
const settleMs = 2_000;

interface Round {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMicros: number;
}

/** Server-sent events: 1,000 readers of 1,000 jobs whose text is being generated. */
export const streams: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApiProcess(run, services);
  const database = openDatabase(services.databaseUrl, 1);
  run.atEnd(database.close);
  await database.prisma.creator.create({ data: { id: "creator_1", planName: "business" } });

  async function runningJobs(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => newId("job"));
    const now = new Date();
    const common = {
      agent: "messaging",
      creatorId: "creator_1",
      createdAt: now,
      priority: 100,
      inputBytes: 2,
    };
    const asked = { ...common, feature: "fan_message", model: "gemini-3.5-flash-lite", input: {} };
    const attemptDeadlineAt = new Date(now.getTime() + 3_600_000);
    const attempt = {
      status: "running",
      attempt: 1,
      startedAt: now,
      dispatchedAt: now,
      attemptDeadlineAt,
    } as const;
    await database.prisma.jobRecord.createMany({ data: ids.map((id) => ({ ...asked, id })) });
    await database.prisma.liveJob.createMany({ data: ids.map((id) => ({ ...common, ...attempt, id })) });
    return ids;
  }

  const write = (jobIds: readonly string[], perSecond: number, seconds: number) =>
    startPeer(run, "stream-writers", {
      redisUrl: services.redisUrl,
      jobIds,
      chunksPerSecond: perSecond,
      seconds,
    });

  async function measure(): Promise<Round> {
    const jobIds = await runningJobs(streamsAtOnce);
    const readers = await openReaders(api.url, jobIds);
    await sleep(settleMs);
    const idle = processOf(api.pid);
    const { written, perSecond } = await write(jobIds, chunksPerSecond, run.seconds);
    await untilAllCame(run, readers.latenciesMs, Number(written));
    const busy = processOf(api.pid);
    readers.close();
    if (readers.faults.length > 0) throw new Error(readers.faults.slice(0, 5).join("; "));
    const latencies = readers.latenciesMs.toSorted((a, b) => a - b);
    return {
      perSecond: Number(perSecond),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      cpuMicros: ((busy.cpuSeconds - idle.cpuSeconds) * 1e6) / Number(written),
    };
  }

  /** What a stream takes beside a thousand others: the first ones make the heap grow that all use. */
  async function weigh(): Promise<number> {
    const first = await openReaders(api.url, await runningJobs(streamsAtOnce));
    await sleep(settleMs);
    const before = processOf(api.pid).residentKiB;
    const second = await openReaders(api.url, await runningJobs(streamsAtOnce));
    await sleep(settleMs);
    const after = processOf(api.pid).residentKiB;
    first.close();
    second.close();
    return (after - before) / streamsAtOnce;
  }

  run.report("warming up");
  const warmUpJobs = await runningJobs(warmUp.streams);
  const warmUpReaders = await openReaders(api.url, warmUpJobs);
  await write(warmUpJobs, warmUp.chunksPerSecond, warmUp.seconds);
  warmUpReaders.close();
  const eachKiB = await weigh();
  run.report(`${eachKiB.toFixed(1)} KiB a stream`);
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    run.signal.throwIfAborted();
    const figures = await measure();
    measured.push(figures);
    run.report(`round ${round}/${rounds}  ${show(figures)}`);
  }
  const all = (name: keyof Round) => measured.map((figures) => figures[name]);
  const what = `${streamsAtOnce} streams`;
  return [
    bound({ benchmark: "streams", what, unit: "chunks/s", ours: all("perSecond"), goalMin: 9_900 }),
    boundLatency("streams", `${what}, p50`, all("p50Ms")),
    boundLatency("streams", `${what}, p99`, all("p99Ms"), 15),
    bound({
      benchmark: "streams",
      what: `${what}, each`,
      unit: "KiB",
      ours: [eachKiB],
      goalMax: 35,
    }),
    bound({ benchmark: "streams", what: "API's CPU for a chunk", unit: "µs", ours: all("cpuMicros") }),
  ];
};

function show({ perSecond, p50Ms, p99Ms, cpuMicros }: Round): string {
  const latency = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return `${Math.round(perSecond)} chunks/s, ${latency}, ${cpuMicros.toFixed(0)} µs a chunk`;
}

async function untilAllCame({ signal }: BenchRun, came: readonly unknown[], count: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (came.length < count) {
    if (Date.now() > deadline) throw new Error(`Of ${count} chunks ${came.length} came.`);
    await sleep(20, undefined, { signal });
  }
}

const clockTicksPerSecond = 100;

/** As Linux tells it: proc(5). */
function processOf(pid: number): { residentKiB: number; cpuSeconds: number } {
  const residentKiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  // Fields 14 and 15: utime and stime.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return { residentKiB, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond };
}
