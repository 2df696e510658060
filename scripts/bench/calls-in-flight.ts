import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase } from "@understudy/database";
import { addRule, startTestEmulator } from "@understudy/testkit";
import type { Benchmark, BenchRun } from "./bench-run.ts";
import { messagingRequests } from "./fan-messages.ts";
import { bound } from "./finding.ts";
import { generateLoad } from "./load.ts";
import { startPrivateServices } from "./private-services.ts";
import { startApi } from "./start-api.ts";
import { startWorker } from "./start-worker.ts";

/** Of an answer: as fast models take for a short one. */
const latencyMs = 1_000;

/** What the worker may have under way, all of which should be waiting for an answer. */
const concurrency = 2_000;

/** Enough for some seconds with all slots taken. */
const jobs = 12_000;

const pollMs = 100;

/** How many calls one worker process has open at once while each takes a second, and what each takes of its memory. */
export const callsInFlight: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApi(run, services);
  const emulator = await startTestEmulator();
  run.atEnd(emulator.stop);
  await addRule(emulator.url, { match: {}, respond: { delayMs: latencyMs } });
  const database = openDatabase(services.databaseUrl, 1);
  run.atEnd(database.close);
  const worker = await startWorker(services, emulator.url, { WORKER_CONCURRENCY: `${concurrency}` });
  run.atEnd(worker.stop);

  // Once through, so that what V8 compiles and pools open is not taken for the calls' own.
  await drain(run, { api, database, pid: worker.pid, count: concurrency });
  const idleKiB = residentKiB(worker.pid);
  const { callsMax, residentMaxKiB } = await drain(run, { api, database, pid: worker.pid, count: jobs });
  run.report(`${callsMax} calls in flight, ${Math.round(residentMaxKiB / 1024)} MiB resident`);
  return [
    bound({
      ...{ benchmark: "calls", what: "calls in flight in one worker, each of 1 s", unit: "calls" },
      ...{ ours: [callsMax], goalMin: concurrency },
    }),
    bound({
      ...{ benchmark: "calls", what: "memory of a call in flight", unit: "KiB" },
      ...{ ours: [(residentMaxKiB - idleKiB) / callsMax], goalMax: 60 },
    }),
  ];
};

interface Drain {
  api: string;
  database: Database;
  pid: number;
  count: number;
}

async function drain(run: BenchRun, { api, database, pid, count }: Drain) {
  let isAccepted = false;
  const accepting = generateLoad({
    ...{ url: api, requests: messagingRequests(), status: 202, connections: 64 },
    ...{ until: { requests: count }, signal: run.signal },
  }).then(() => {
    isAccepted = true;
  });
  let [callsMax, residentMaxKiB, left] = [0, 0, count];
  while (left > 0 || !isAccepted) {
    const [calls, unfinished] = await Promise.all([
      database.prisma.usageLog.count({ where: { status: "started" } }),
      database.prisma.liveJob.count(),
    ]);
    left = unfinished;
    callsMax = Math.max(callsMax, calls);
    residentMaxKiB = Math.max(residentMaxKiB, residentKiB(pid));
    await sleep(pollMs, undefined, { signal: run.signal });
  }
  await accepting;
  return { callsMax, residentMaxKiB };
}

/** proc(5): `VmRSS` of a process. Linux alone tells it; NaN elsewhere. */
function residentKiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return Number.NaN;
  }
}
