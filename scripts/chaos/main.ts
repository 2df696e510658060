import { setMaxListeners } from "node:events";
import { join } from "node:path";
import fc from "fast-check";
import { CommandError, exitCodeOf } from "../client/command-error.ts";
import { listenForStop } from "../start/stop-request.ts";
import { parseOptions } from "./options.ts";
import { possibleHere } from "./requirements.ts";
import { type ChaosResult, runSchedule } from "./run.ts";
import { lineOf, type Schedule, schedules } from "./schedule.ts";
import { type Topology, topologies, topologyOf } from "./topologies.ts";
import { readTrace, Trace, type TraceHead } from "./trace.ts";

/** Ctrl-C: what was started is stopped and deleted; a second one ends it at once. */
const interrupt = new AbortController();
const stop = listenForStop("npm_lifecycle_event" in process.env, () => process.exit(130));
void stop.asked.then(() => {
  console.log("stopping what was started; again to end at once");
  interrupt.abort();
});
setMaxListeners(0, interrupt.signal);

/** The rest of the time is for what is left when all faults have ended. */
const windowShare = 0.7;

/** What is run: all but the schedule. */
interface Plan {
  head: Omit<TraceHead, "schedule">;
  topology: Topology;
  /** How long load and faults come. */
  windowMs: number;
  directory: string;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  const replayed = options.replayFile === undefined ? undefined : readTrace(options.replayFile);
  const { seed, minutes, only, topology: named } = replayed ?? options;
  const wanted = topologies.find(({ name }) => name === named) ?? topologyOf(seed);
  const { topology, groups, missing } = await possibleHere(wanted, only);
  for (const line of missing) console.log(`left out: ${line}`);
  if (groups.length === 0)
    throw new CommandError("Of the faults that are wanted none can be brought about here.", 1);
  const plan: Plan = {
    head: { seed, minutes, topology: topology.name, only: [...groups] },
    topology,
    windowMs: Math.round(minutes * 60_000 * windowShare),
    directory: options.directory,
  };
  const result = replayed
    ? await runOnce(plan, replayed.schedule)
    : await runSeed(plan, options.shrinkMinutes);
  console.log(verdict(plan, result, missing.length > 0));
  return result.violations.length === 0 ? 0 : 1;
}

function verdict({ head, topology }: Plan, result: ChaosResult, isPartial: boolean): string {
  const { violations, faults, watchedShare, jobs, repeats, restSeconds, logBytes } = result;
  const figures = [
    `${violations.length} violations`,
    `${faults} faults`,
    `${jobs} jobs`,
    `${repeats} repeats`,
    restSeconds === undefined ? "never at rest" : `at rest after ${restSeconds.toFixed(1)} s`,
    `watched ${Math.round(watchedShare * 100)} %`,
    `${Math.round(logBytes / 1024)} KiB of logs`,
    `topology ${topology.name}`,
    ...(isPartial ? ["partial"] : []),
  ];
  return `chaos: seed ${head.seed}: ${figures.join(", ")}`;
}

/**
 * Runs the seed's schedule; after a violation smaller ones, as long as they may take.
 * @returns what the first has shown
 */
async function runSeed(plan: Plan, shrinkMinutes: number): Promise<ChaosResult> {
  const { head, topology, windowMs } = plan;
  let first: ChaosResult | undefined;
  let smallest: Schedule | undefined;
  let failure: unknown;
  let runs = 0;
  let until = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(schedules(topology, head.only, windowMs), async (schedule) => {
    // What is tried when the time is over passes, which ends the shrinking.
    if (performance.now() > until) return true;
    const directory = runs === 0 ? plan.directory : join(plan.directory, `smaller-${runs}`);
    runs += 1;
    try {
      const result = await runOnce({ ...plan, directory }, schedule);
      if (runs === 1) until = performance.now() + shrinkMinutes * 60_000;
      first ??= result;
      if (result.violations.length > 0) smallest = schedule;
      return result.violations.length === 0;
    } catch (error) {
      // The run itself has failed, or was stopped: nothing is shrunk for that.
      failure = error;
      until = 0;
      return true;
    }
  });
  const endOnFailure = shrinkMinutes === 0;
  await fc.check(property, { seed: head.seed, numRuns: 1, unbiased: true, endOnFailure });
  if (!first || interrupt.signal.aborted) throw failure;
  if (smallest && runs > 1) {
    console.log(`\nThe smallest schedule with a violation, of ${runs} that were run:`);
    for (const fault of smallest) console.log(lineOf(fault));
  }
  return first;
}

async function runOnce({ head, directory, ...plan }: Plan, schedule: Schedule): Promise<ChaosResult> {
  const { seed, topology, only } = head;
  const trace = new Trace(directory, { ...head, schedule });
  const seconds = Math.round(plan.windowMs / 1000);
  console.log(`\nseed ${seed}, topology ${topology}, ${schedule.length} faults in ${seconds} s:`);
  for (const fault of schedule) console.log(lineOf(fault));
  console.log(`trace: ${trace.file}\n`);
  const startedAt = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const { signal } = interrupt;
  const run = { ...plan, seed, groups: only, schedule, directory, trace, say, interrupt: signal };
  const result = await runSchedule(run);
  trace.note("result", result);
  return result;
}

const code = await main().catch((error: unknown) => (interrupt.signal.aborted ? 130 : exitCodeOf(error)));
process.exit(code);
