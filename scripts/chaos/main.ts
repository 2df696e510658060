import { join } from "node:path";
import fc from "fast-check";
import { exitCodeOf } from "../client/command-error.ts";
import { type ChaosOptions, type FaultGroup, parseOptions } from "./options.ts";
import { possibleHere } from "./requirements.ts";
import { type ChaosResult, runSchedule } from "./run.ts";
import { lineOf, type Schedule, schedules } from "./schedule.ts";
import { type Topology, topologies, topologyOf } from "./topologies.ts";
import { readTrace, Trace, type TraceHead } from "./trace.ts";

/** The rest of the time is for what is left when all faults have ended. */
const windowShare = 0.7;

/** @returns the exit code */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  const replayed = options.replayFile === undefined ? undefined : readTrace(options.replayFile);
  const wanted = topologyNamed(replayed?.topology ?? options.topology, replayed?.seed ?? options.seed);
  const { topology, groups, missing } = await possibleHere(wanted, replayed?.only ?? options.only);
  for (const line of missing) console.log(`left out: ${line}`);
  const head = {
    seed: replayed?.seed ?? options.seed,
    minutes: replayed?.minutes ?? options.minutes,
    topology: topology.name,
    only: [...groups],
  };
  const windowMs = Math.round(head.minutes * 60_000 * windowShare);

  const first = replayed
    ? await runOnce(options, head, topology, replayed.schedule, windowMs)
    : await runSeed(options, head, topology, groups, windowMs);
  const { violations, faults, jobs, repeats, restSeconds, logBytes } = first;
  const figures = [
    `${violations.length} violations`,
    `${faults} faults`,
    `${jobs} jobs`,
    `${repeats} repeats`,
    restSeconds === undefined ? "never at rest" : `at rest after ${restSeconds.toFixed(1)} s`,
    `${Math.round(logBytes / 1024)} KiB of logs`,
    `topology ${topology.name}`,
    ...(missing.length > 0 ? ["partial"] : []),
  ];
  console.log(`chaos: seed ${head.seed}: ${figures.join(", ")}`);
  return violations.length === 0 ? 0 : 1;
}

/** Runs the seed's schedule; after a violation smaller ones, as long as they may take. @returns what the first has shown */
async function runSeed(
  options: ChaosOptions,
  head: Omit<TraceHead, "schedule">,
  topology: Topology,
  groups: readonly FaultGroup[],
  windowMs: number,
): Promise<ChaosResult> {
  let first: ChaosResult | undefined;
  let smallest: Schedule | undefined;
  let runs = 0;
  const deadline = () => performance.now() + options.shrinkMinutes * 60_000;
  let until = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(schedules(topology, groups, windowMs), async (schedule) => {
    // What is tried when the time is over passes, which ends the shrinking.
    if (performance.now() > until) return true;
    const directory = runs++ === 0 ? options.directory : join(options.directory, `smaller-${runs - 1}`);
    const result = await runOnce({ ...options, directory }, head, topology, schedule, windowMs);
    if (!first) {
      first = result;
      until = deadline();
    }
    if (result.violations.length > 0) smallest = schedule;
    return result.violations.length === 0;
  });
  const { errorInstance } = await fc.check(property, {
    seed: head.seed,
    numRuns: 1,
    unbiased: true,
    endOnFailure: options.shrinkMinutes === 0,
  });
  // The run itself has failed, and not what it tries.
  if (!first) throw errorInstance;
  if (smallest && runs > 1) {
    console.log(`\nThe smallest schedule with a violation, of ${runs} that were run:`);
    for (const fault of smallest) console.log(lineOf(fault));
  }
  return first;
}

async function runOnce(
  { directory }: Pick<ChaosOptions, "directory">,
  head: Omit<TraceHead, "schedule">,
  topology: Topology,
  schedule: Schedule,
  windowMs: number,
): Promise<ChaosResult> {
  const trace = new Trace(directory, { ...head, schedule });
  console.log(
    `\nseed ${head.seed}, topology ${topology.name}, ${schedule.length} faults in ${Math.round(windowMs / 1000)} s:`,
  );
  for (const fault of schedule) console.log(lineOf(fault));
  console.log(`trace: ${trace.file}\n`);
  const startedAt = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const result = await runSchedule({
    ...head,
    topology,
    groups: head.only,
    schedule,
    windowMs,
    directory,
    trace,
    say,
  });
  trace.note("result", result);
  return result;
}

function topologyNamed(name: string | undefined, seed: number): Topology {
  return topologies.find((one) => one.name === name) ?? topologyOf(seed);
}

process.on("SIGINT", () => process.exit(130));

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
