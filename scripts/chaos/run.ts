import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type InvariantsWatch,
  logBytesViolations,
  violationsAtRest,
  watchInvariants,
} from "@understudy/testkit";
import { faultOf } from "./faults.ts";
import { Load } from "./load.ts";
import type { FaultGroup } from "./options.ts";
import { startReceiver } from "./receiver.ts";
import { lineOf, type Schedule, type ScheduledFault } from "./schedule.ts";
import { processesOf, type Topology } from "./topologies.ts";
import type { Trace } from "./trace.ts";
import { startWorld, type World } from "./world.ts";

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
}

export interface ChaosResult {
  /** One sentence each, which begins with the invariant's letter; X: what none of them names. */
  violations: string[];
  faults: number;
  jobs: number;
  /** Requests that were sent again. */
  repeats: number;
  /** From the end of the last fault until nothing was left to do; undefined where that never came. */
  restSeconds: number | undefined;
  /** Of all processes together. */
  logBytes: number;
}

/** How long what is left may take after the last fault. */
const restMsMax = 90_000;

/** Longer than a call whose answer was lost stays open. */
const sameMsMax = 40_000;

/** About how long a world takes to start. */
const startMs = 8_000;

/** One of the receivers refuses every so manieth event at first. */
const refusesEach = 4;

/** Brings the schedule about, beside load, and asks all invariants, during it and after it. */
export async function runSchedule(run: ChaosRun): Promise<ChaosResult> {
  const { seed, topology, groups, windowMs, directory, trace, say } = run;
  const violations = new Set<string>();
  const found = (violation: string) => {
    if (violations.has(violation)) return;
    violations.add(violation);
    trace.note("violation", { violation });
    say(`✗ ${violation}`);
  };
  const receivers = [await startReceiver(), await startReceiver(refusesEach)];
  const closers: (() => Promise<unknown>)[] = receivers.map((receiver) => receiver.close);
  try {
    const hasClocks = groups.includes("clock");
    const pricesFrom = new Date(Date.now() + startMs + windowMs / 2);
    const world = await startWorld({ topology, hasClocks, directory, pricesFrom, onViolation: found });
    closers.unshift(world.close);
    const { database, emulatorUrl, prices } = world;
    const load = new Load(world, seed);
    const endpoints = await load.prepare(receivers);
    const asked = { database, emulatorUrl, redisUrl: world.redis.url, prices };
    const watch = watchInvariants(asked);
    closers.unshift(watch.stop);

    const over = AbortSignal.timeout(windowMs);
    // Every fault and every creator listens.
    setMaxListeners(0, over);
    const [, injected] = await Promise.all([load.run(over), injectAll(run, world, watch, over)]);
    await world.heal();
    const healedAt = performance.now();
    say("all faults have ended; waiting for what is left");
    await Promise.race([load.finish(), sleep(restMsMax, undefined, { ref: false })]);
    const told = () => ({
      accepted: load.told.accepted,
      webhooks: receivers.map(({ events }, index) => ({ endpointId: endpoints[index] ?? "", events })),
    });
    const left = await untilRest(() => violationsAtRest(asked, told()), healedAt);
    const restSeconds = left.length === 0 ? (performance.now() - healedAt) / 1000 : undefined;
    for (const violation of [...left, ...(await watch.stop()), ...load.told.faults]) found(violation);
    for (const { faults } of receivers) for (const fault of faults.slice(0, faultsShown)) found(fault);
    const logs = world.processes.map((one) => ({ name: one.name, bytesByMinute: one.logBytes() }));
    for (const violation of logBytesViolations(logs)) found(violation);
    return {
      violations: [...violations],
      faults: injected,
      jobs: new Set(load.told.accepted.map(({ id }) => id)).size,
      repeats: load.told.repeats,
      restSeconds,
      logBytes: logs.flatMap(({ bytesByMinute }) => bytesByMinute).reduce((sum, bytes) => sum + bytes, 0),
    };
  } finally {
    for (const close of closers) await close();
  }
}

/** Tells the watch when nobody can do what has to be done in time: a service is away, or no worker can work. */
class Disabled {
  readonly #workers: readonly string[];
  readonly #watch: InvariantsWatch;
  readonly #names: string[] = [];

  constructor({ topology }: World, watch: InvariantsWatch) {
    this.#workers = processesOf(topology).workers;
    this.#watch = watch;
  }

  /** @returns takes it back */
  add(name: string | undefined): () => void {
    if (name === undefined) return () => {};
    this.#names.push(name);
    this.#tell();
    return () => {
      this.#names.splice(this.#names.indexOf(name), 1);
      this.#tell();
    };
  }

  #tell(): void {
    const isAway = this.#names.includes("all") || this.#workers.every((name) => this.#names.includes(name));
    if (isAway) this.#watch.noteAway();
    else this.#watch.noteBack();
  }
}

/** Of faults that one cause has again and again. */
const faultsShown = 20;

/** Asks until nothing is wrong any more, or the same for so long that it stays so; what is in the end. */
async function untilRest(ask: () => Promise<string[]>, since: number): Promise<string[]> {
  let last = "";
  let sameSince = performance.now();
  for (;;) {
    const left = await ask().catch((error: unknown) => [`A: the database could not be asked: ${error}`]);
    const now = performance.now();
    if (left.join() !== last) sameSince = now;
    last = left.join();
    if (left.length === 0 || now - since > restMsMax || now - sameSince > sameMsMax) return left;
    await sleep(500);
  }
}

/** @returns how many were brought about */
async function injectAll(
  { schedule, trace, say }: ChaosRun,
  world: World,
  watch: InvariantsWatch,
  over: AbortSignal,
): Promise<number> {
  const disabled = new Disabled(world, watch);
  /** Of each target: until it is free. */
  const busy = new Map<string, Promise<void>>();
  let count = 0;
  async function inject(scheduled: ScheduledFault): Promise<void> {
    const { atMs, parameters } = scheduled;
    const fault = faultOf(scheduled.fault);
    await sleep(atMs, undefined, { signal: over }).catch(() => {});
    const target = fault.target(parameters);
    const turn = (busy.get(target) ?? Promise.resolve()).then(async () => {
      if (over.aborted) return trace.note("left_out", scheduled);
      trace.note("begin", scheduled);
      say(lineOf(scheduled));
      count += 1;
      const enable = disabled.add(fault.disables?.(parameters));
      await fault.inject({ ...world, ...watch }, parameters, over);
      enable();
      trace.note("end", scheduled);
    });
    busy.set(target, turn);
    await turn;
  }
  await Promise.all(schedule.map(inject));
  return count;
}
