import { cpus } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { type RoomName, roomNames } from "./rooms.ts";

export interface MutantOptions {
  only: readonly RoomName[];
  /** Only what has changed since this commit; undefined: everything. */
  changedSince?: string;
  /** Only files whose path has this in it. */
  match?: string;
  /** Which of the two: statements and scripts, TypeScript. */
  languages: readonly Language[];
  /** Which share of the statements' and scripts' mutants is tried, to learn a score in less time. */
  sample: number;
  processes: number;
  isFresh: boolean;
}

const languages = ["statements", "typescript"] as const;
export type Language = (typeof languages)[number];

/**
 * Reads the command line.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export function parseOptions(argv: readonly string[]): MutantOptions {
  const command = new Command("npm run mutants --")
    .description(
      "Plants one small fault after the other in the code of the rooms that matter most, and says which of them no " +
        "test notices. Works on copies of the checkout; what was found is kept, so a run may be stopped and gone on with.",
    )
    .addOption(
      new Option("--only <rooms>", `of these rooms, separated by commas: ${roomNames.join(", ")}`)
        .argParser(roomsOf)
        .default([...roomNames], "all"),
    )
    .option(
      "--changed [commit]",
      "only in what has changed since a commit (default: origin/main, or else HEAD)",
    )
    .option("--match <text>", "only in files whose path has this text in it")
    .addOption(
      new Option("--language <which>", ".sql and .lua, or TypeScript (default: both)").choices(languages),
    )
    .option(
      "--sample <share>",
      "of .sql and .lua only this share of the mutants, the same ones each time",
      shareOf,
      1,
    )
    .option("--processes <n>", "how many to try at once", processesOf, cpus().length)
    .option("--fresh", "forgets what earlier runs have found", false)
    .addHelpText(
      "after",
      "\nExit codes: 0 each room has reached its goal; 1 one has not, or a suite fails without a fault; 2 wrong usage.",
    )
    .exitOverride((error) => {
      error.exitCode = error.exitCode === 0 ? 0 : 2;
      throw error;
    })
    .parse(argv, { from: "user" });
  const given = command.opts<{
    only: readonly RoomName[];
    changed?: string | true;
    match?: string;
    language?: Language;
    sample: number;
    processes: number;
    fresh: boolean;
  }>();
  return {
    only: given.only,
    ...(given.changed !== undefined && { changedSince: given.changed === true ? "" : given.changed }),
    ...(given.match !== undefined && { match: given.match }),
    languages: given.language === undefined ? languages : [given.language],
    sample: given.sample,
    processes: given.processes,
    isFresh: given.fresh,
  };
}

function roomsOf(text: string): RoomName[] {
  return text.split(",").map((name) => {
    const room = roomNames.find((known) => known === name.trim());
    if (!room) throw new InvalidArgumentError(`There is no room "${name}".`);
    return room;
  });
}

function processesOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number, 1 at least.");
  return value;
}

function shareOf(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("It must be a number above 0, 1 at most.");
  return value;
}
