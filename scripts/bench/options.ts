import { resolve } from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";

export const benchmarkNames = [
  "http",
  "accept",
  "job",
  "webhooks",
  "streams",
  "costs",
  "fairness",
  "prompts",
] as const;
export type BenchmarkName = (typeof benchmarkNames)[number];

export interface BenchOptions {
  names: readonly BenchmarkName[];
  /** How long each turn of a benchmark that counts requests lasts. */
  seconds: number;
  /** How much of its full size `fairness` has: the goals hold for all of it, 1. */
  scale: number;
  /** Where `fairness` draws how long light creators waited. */
  chartFile: string;
  /** Fan messages for `prompts` (CSV); its own unless given. */
  messagesFile?: string;
  /** Where the figures go as JSON. */
  json?: string;
}

/** Longer turns would let one run hold a shared machine for an hour. */
const secondsMax = 120;

/** In the project, whatever the person's folder. */
const chartDefault = ".understudy/bench/fairness.svg";

/** Less would be noise. */
const scaleMin = 0.02;

/**
 * Reads the command line. Paths are taken from the folder in which the person typed, which npm keeps in
 * INIT_CWD while it runs scripts from the project's root.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export function parseOptions(
  argv: readonly string[],
  environment: { npm_lifecycle_event?: string; INIT_CWD?: string },
): BenchOptions {
  const command = new Command("npm run bench --")
    .description(
      "Measures Understudy against bare peers, in turns, on services of its own. Ratios hold on any machine; " +
        "absolute figures hold on this one.",
    )
    .addArgument(new Argument("[NAME...]", "what to measure (default: all)").choices(benchmarkNames))
    .option("--seconds <n>", "length of each turn that counts requests", seconds, 2)
    .option("--scale <share>", "how much of its full size fairness has: 0.1 takes two minutes", scale, 1)
    .option("--chart <FILE>", "where fairness draws its chart (SVG; default: .understudy/bench/fairness.svg)")
    .option(
      "--messages <FILE>",
      "fan messages for prompts (CSV with creator_id, fan_id and text; default: its own)",
    )
    .option("--json <FILE>", "writes the figures there as well")
    .addHelpText(
      "after",
      "\nExit codes: 0 measured, goals met or not; 1 failed; 2 wrong usage; 130 after Ctrl-C.",
    )
    .exitOverride((error) => {
      error.exitCode = error.exitCode === 0 ? 0 : 2;
      throw error;
    })
    .parse(argv, { from: "user" });
  const given = command.opts<{
    seconds: number;
    scale: number;
    chart?: string;
    messages?: string;
    json?: string;
  }>();
  const here = environment.npm_lifecycle_event === "bench" ? (environment.INIT_CWD ?? ".") : process.cwd();
  const named = benchmarkNames.filter((name) => command.args.includes(name));
  return {
    names: named.length > 0 ? named : benchmarkNames,
    seconds: given.seconds,
    scale: given.scale,
    chartFile: given.chart === undefined ? resolve(chartDefault) : resolve(here, given.chart),
    ...(given.messages !== undefined && { messagesFile: resolve(here, given.messages) }),
    ...(given.json !== undefined && { json: resolve(here, given.json) }),
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= secondsMax)) {
    throw new InvalidArgumentError(`It must be a number above 0, ${secondsMax} at most.`);
  }
  return value;
}

function scale(text: string): number {
  const value = Number(text);
  if (!(value >= scaleMin && value <= 1)) {
    throw new InvalidArgumentError(`It must be a number from ${scaleMin} to 1.`);
  }
  return value;
}
