import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";
import { topologies } from "./topologies.ts";

export const faultGroups = ["processes", "postgres", "redis", "network", "clock"] as const;
export type FaultGroup = (typeof faultGroups)[number];

export interface ChaosOptions {
  seed: number;
  /** How long faults and load last together with the quiet after them; the last jobs may need longer. */
  minutes: number;
  only: readonly FaultGroup[];
  /** In place of the seed's own. */
  topology: string | undefined;
  /** A trace whose schedule is run again. */
  replayFile: string | undefined;
  /** How long smaller schedules are tried after a violation, in minutes. */
  shrinkMinutes: number;
  /** Where trace and logs go. */
  directory: string;
}

/** Longer runs find no more than several seeds do. */
const minutesMax = 60;

/**
 * Reads the command line. Paths are taken from the folder in which the person typed.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export function parseOptions(
  argv: readonly string[],
  environment: { npm_lifecycle_event?: string; INIT_CWD?: string },
): ChaosOptions {
  const command = new Command("npm run chaos --")
    .description(
      "Runs Understudy on services of its own under a seeded schedule of faults, and asks invariants A to K during it and after it.",
    )
    .option("--seed <n>", "decides topology, load and faults", wholeNumber, 1)
    .option("--minutes <m>", "how long the run lasts", minutes, 1)
    .option("--only <groups>", `which faults, by comma: ${faultGroups.join(",")} (default: all)`, groups)
    .option(
      "--topology <name>",
      `in place of the seed's own: ${topologies.map(({ name }) => name).join(", ")}`,
      topology,
    )
    .option("--replay <FILE>", "runs the schedule of a trace again")
    .option(
      "--shrink <minutes>",
      "how long smaller schedules are tried after a violation; 0 for not at all",
      minutesOrNone,
      10,
    )
    .option("--out <DIR>", "where trace and logs go (default: .understudy/chaos/seed-N, or replay)")
    .addHelpText(
      "after",
      "\nExit codes: 0 no violation; 1 violations, or it could not run; 2 wrong usage; 130 after Ctrl-C. Guide: docs/chaos.md.",
    );
  throwInsteadOfExit(command);
  const given = command.parse(argv, { from: "user" }).opts<{
    seed: number;
    minutes: number;
    only?: FaultGroup[];
    topology?: string;
    replay?: string;
    shrink: number;
    out?: string;
  }>();
  const decided = ["seed", "minutes", "only", "topology"].find(
    (name) => command.getOptionValueSource(name) === "cli",
  );
  if (given.replay !== undefined && decided !== undefined)
    command.error(`error: a trace decides --${decided} itself: leave it out beside --replay.`);
  const here = environment.npm_lifecycle_event === "chaos" ? (environment.INIT_CWD ?? ".") : process.cwd();
  return {
    seed: given.seed,
    minutes: given.minutes,
    only: given.only ?? faultGroups,
    topology: given.topology,
    replayFile: given.replay === undefined ? undefined : resolve(here, given.replay),
    shrinkMinutes: given.shrink,
    directory:
      given.out === undefined
        ? resolve(".understudy/chaos", given.replay === undefined ? `seed-${given.seed}` : "replay")
        : resolve(here, given.out),
  };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff)
    throw new InvalidArgumentError("It must be a whole number from 0 to 2147483647.");
  return value;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value >= 0.25 && value <= minutesMax))
    throw new InvalidArgumentError(`It must be a number from 0.25 to ${minutesMax}.`);
  return value;
}

function minutesOrNone(text: string): number {
  return Number(text) === 0 ? 0 : minutes(text);
}

function groups(text: string): FaultGroup[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !(faultGroups as readonly string[]).includes(name));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`There is no group "${wrong}": ${faultGroups.join(", ")}.`);
  return faultGroups.filter((group) => names.includes(group));
}

function topology(text: string): string {
  if (!topologies.some(({ name }) => name === text))
    throw new InvalidArgumentError(
      `There is no topology "${text}": ${topologies.map(({ name }) => name).join(", ")}.`,
    );
  return text;
}
