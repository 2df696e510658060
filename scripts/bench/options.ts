import { resolve } from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";

export const benchmarkNames = [
  "http",
  "accept",
  "job",
  "calls",
  "hot",
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

/** What `compare` is asked for. */
export interface CompareOptions {
  /** A git ref of this repository. */
  ref: string;
  names: readonly BenchmarkName[];
  /** Turns of each version. */
  rounds: number;
  /** Given on to each run. */
  seconds: number;
  scale: number;
}

/** More would hold a shared machine for a day. */
const roundsMax = 20;

/**
 * Reads the command line of `compare`; the first argument is that word.
 * @throws as parseOptions
 */
export function parseCompareOptions(argv: readonly string[]): CompareOptions {
  const command = benchCommand("npm run bench -- compare")
    .description(
      "Measures this tree, with changes that are not committed, and another version of it in turns: so a change can be " +
        "judged on a machine that others use too.",
    )
    .argument("<REF>", "a commit, tag or branch of this repository")
    .addArgument(new Argument("[NAME...]", "what to measure (default: job)").choices(benchmarkNames))
    .option("--rounds <n>", "turns of each version", rounds, 3)
    .parse(argv.slice(1), { from: "user" });
  const [ref = "", ...named] = command.args;
  const names = benchmarkNames.filter((name) => named.includes(name));
  const { rounds: turns, seconds, scale } = command.opts<Omit<CompareOptions, "ref" | "names">>();
  return { ref, names: names.length > 0 ? names : ["job"], rounds: turns, seconds, scale };
}

/** What all commands of the bench have. */
function benchCommand(name: string): Command {
  return new Command(name)
    .option("--seconds <n>", "length of each turn that counts requests", seconds, 2)
    .option("--scale <share>", "how much of its full size fairness has: 0.1 takes two minutes", scale, 1)
    .addHelpText(
      "after",
      "\nExit codes: 0 measured, goals met or not; 1 failed; 2 wrong usage; 130 after Ctrl-C.",
    )
    .exitOverride((error) => {
      error.exitCode = error.exitCode === 0 ? 0 : 2;
      throw error;
    });
}

/**
 * Reads the command line. Paths are taken from the folder in which the person typed, which npm keeps in
 * INIT_CWD while it runs scripts from the project's root.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export function parseOptions(
  argv: readonly string[],
  environment: { npm_lifecycle_event?: string; INIT_CWD?: string },
): BenchOptions {
  const command = benchCommand("npm run bench --")
    .description(
      "Measures Understudy against bare peers, in turns, on services of its own. Ratios hold on any machine; " +
        "absolute figures hold on this one.",
    )
    .addArgument(new Argument("[NAME...]", "what to measure (default: all)").choices(benchmarkNames))
    .option("--chart <FILE>", "where fairness draws its chart (SVG; default: .understudy/bench/fairness.svg)")
    .option(
      "--messages <FILE>",
      "fan messages for prompts (CSV with creator_id, fan_id and text; default: its own)",
    )
    .option("--json <FILE>", "writes the figures there as well")
    .addHelpText(
      "after",
      "\n`compare REF [NAME...]` sets this tree beside another version of it: see `compare --help`.",
    )
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

function rounds(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= roundsMax)) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${roundsMax}.`);
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
