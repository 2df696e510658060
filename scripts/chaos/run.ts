import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@understudy/database";
import {
  type JobEnd,
  logBytesViolations,
  refusedWrites,
  requestsAstray,
  violationsAtRest,
  watchInvariants,
} from "@understudy/testkit";
import { askBooks } from "../audit/ask-books.ts";
import { closeAll } from "./close-all.ts";
import { injectAll } from "./inject-all.ts";
import { type ClientsTold, Load } from "./load.ts";
import type { FaultGroup } from "./options.ts";
import { doublePricesFrom } from "./prices.ts";
import { startReceiver } from "./receiver.ts";
import type { Schedule } from "./schedule.ts";
import { processesOf, type Topology } from "./topologies.ts";
import type { Trace } from "./trace.ts";
import { startWorld } from "./world.ts";

export interface ChaosRun {
  seed: number;
  topology: Topology;
  groups: readonly FaultGroup[];
  schedule: Schedule;
  /** How long load and faults come. */
  windowMs: number;
  /** Where logs go. */
  directory: string;
  trace: Trace;
  /** Told what happens, a line each. */
  say: (line: string) => void;
  /** Ends all in order, with what it was aborted for. */
  interrupt: AbortSignal;
}

export interface ChaosResult {
  /** One sentence each, which begins with the invariant's letter; X: what none of them names. */
  violations: string[];
  faults: number;
  jobs: number;
  /** Share of the time in which services and a worker were there, so that the time to recover was watched. */
  watchedShare: number;
  /** Requests that were sent again. */
  repeats: number;
  /** From the end of the last fault until nothing was left to do; undefined where that never came. */
  restSeconds: number | undefined;
  /** Of all processes together. */
  logBytes: number;
}

/** How long what is left may take after the last fault. */
const restMsMax = 120_000;

/** Longer than a call whose answer was lost stays open. */
const sameMsMax = 60_000;

const askEachMs = 500;

/** Within so long every process has read prices anew. */
const pricesKnownMs = 35_000;

/** Of all creators together: far more than a run costs. */
const platformUsd = "25";

/** One of the receivers refuses each fourth request. */
const refusesEach = 4;

/** Brings the schedule about, beside load, and asks all invariants, during it and after it. */
export async function runSchedule(run: ChaosRun): Promise<ChaosResult> {
  const { seed, topology, groups, windowMs, directory, trace, say, interrupt } = run;
  const violations = new Set<string>();
  const found = (violation: string) => {
    if (violations.has(violation)) return;
    violations.add(violation);
    trace.note("violation", { violation });
    say(`✗ ${violation}`);
  };
  const receivers = [await startReceiver(), await startReceiver(refusesEach)];
  const closers: (() => Promise<unknown>)[] = receivers.map((receiver) => receiver.close);
  const ending = new AbortController();
  const end = () => ending.abort();
  interrupt.addEventListener("abort", end);
  try {
    const hasClocks = groups.includes("clock");
    // Where all have a budget together, calls are opened another way.
    const platformQuotaUsd = seed % 2 === 0 ? platformUsd : undefined;
    const world = await startWorld({ topology, hasClocks, directory, platformQuotaUsd, onViolation: found });
    closers.unshift(world.close);
    const { database, emulatorUrl } = world;
    const prices = await doublePricesFrom(
      database,
      new Date(Date.now() + Math.max(pricesKnownMs, windowMs / 2)),
    );
    const load = new Load(world, seed);
    closers.unshift(() => load.close());
    const endpoints = await load.prepare(receivers);
    const asked = { database, emulatorUrl, redisUrl: world.redis.url, prices, platformQuotaUsd };
    const watch = watchInvariants(asked);
    closers.unshift(watch.stop);

    // Every fault and every creator listens.
    setMaxListeners(0, ending.signal);
    const timer = setTimeout(end, windowMs);
    closers.push(async () => clearTimeout(timer));
    const faulty = { ...world, ...watch, onViolation: found };
    const [, injected] = await Promise.all([load.run(ending.signal), injectAll(run, faulty, ending.signal)]);
    interrupt.throwIfAborted();
    await world.heal();
    const healedAt = performance.now();
    say("all faults have ended; waiting for what is left");
    await load.finish(restMsMax, interrupt);
    const told = () => ({
      accepted: load.told.accepted,
      webhooks: receivers.map(({ events }, index) => ({ endpointId: endpoints[index] ?? "", events })),
      mayLose: injected.mayLose,
      mayEnd: (job: JobEnd) => mayEnd(job, load.told, injected.mayLose.length > 0),
      workersMax: processesOf(topology).workers.length,
    });
    const left = await untilRest(() => violationsAtRest(asked, told()), interrupt);
    const restSeconds = left.length === 0 ? (performance.now() - healedAt) / 1000 : undefined;
    for (const violation of [...left, ...(await watch.stop()), ...load.told.faults]) found(violation);
    for (const violation of await requestsAstray(asked, load.told.words)) found(violation);
    for (const violation of await booksAmiss(database, platformQuotaUsd)) found(violation);
    for (const { faults } of receivers) for (const fault of faults.slice(0, faultsShown)) found(fault);
    const logs = world.processes.map((one) => ({ name: one.name, bytesByMinute: one.logBytes() }));
    for (const violation of logBytesViolations(logs)) found(violation);
    for (const one of world.processes) for (const fault of refusedWrites(one.name, one.log())) found(fault);
    return {
      violations: [...violations],
      faults: injected.faults,
      watchedShare: injected.watchedShare,
      jobs: new Set(load.told.accepted.map(({ id }) => id)).size,
      repeats: load.told.repeats,
      restSeconds,
      logBytes: logs.flatMap(({ bytesByMinute }) => bytesByMinute).reduce((sum, bytes) => sum + bytes, 0),
    };
  } finally {
    end();
    interrupt.removeEventListener("abort", end);
    await closeAll(closers);
  }
}

/** What `npm run audit -- books` finds. */
async function booksAmiss(database: Database, platformQuotaUsd: string | undefined): Promise<string[]> {
  const asked = { platformQuotaUsd, recompute: Number.POSITIVE_INFINITY, retentionDays: 30 };
  const { findings } = await askBooks(database, asked);
  return findings.map(({ what, whose, is, shouldBe }) => `X: ${what}: ${whose}: ${is}, not ${shouldBe}`);
}

/** Codes of jobs that the provider has failed. */
const providerCodes: ReadonlySet<string> = new Set(["provider_unavailable", "timed_out", "output_invalid"]);

/** Codes of jobs for which there is no room, by creator. */
const roomCodes: Readonly<Record<string, string>> = { poor: "quota_exceeded", budgeted: "budget_exceeded" };

/**
 * Whether a job may have ended so, without a result.
 * @param isDisturbed whether answers of the provider may have been lost
 */
function mayEnd(
  { id, creatorId, status, errorCode }: JobEnd,
  told: ClientsTold,
  isDisturbed: boolean,
): boolean {
  if (status === "cancelled") return told.cancelled.has(id);
  if (errorCode === null) return false;
  if (roomCodes[creatorId] === errorCode) return true;
  return providerCodes.has(errorCode) && (isDisturbed || told.troubled.has(id));
}

/** Of faults that one cause has again and again. */
const faultsShown = 20;

/** Asks until nothing is wrong any more, or the same for so long that it stays so; what is in the end. */
async function untilRest(ask: () => Promise<string[]>, interrupt: AbortSignal): Promise<string[]> {
  const since = performance.now();
  let last = "";
  let sameSince = performance.now();
  for (;;) {
    const left = await ask().catch((error: unknown) => [`A: the database could not be asked: ${error}`]);
    const now = performance.now();
    if (left.join() !== last) sameSince = now;
    last = left.join();
    if (left.length === 0 || now - since > restMsMax || now - sameSince > sameMsMax) return left;
    await sleep(askEachMs, undefined, { signal: interrupt });
  }
}
