import { resolve } from "node:path";
import { bucket } from "@understudy/contracts";
import { Command, InvalidArgumentError } from "commander";
import { CommandError, throwInsteadOfExit } from "../client/command-error.ts";

export interface ReplayOptions {
  file: string;
  url?: string;
  key?: string;
  emulatorUrl?: string;
  agent: string;
  plan?: string;
  ratePerHour?: number;
  /** Most submissions under way at once, and most polls. */
  concurrency: number;
  /** Replays only this many rows from the top. */
  limit?: number;
  out: string;
}

/** The largest burst that the API takes. */
const BURST_MAX = 1_000_000;

/**
 * The burst that goes with a rate: a whole hour's worth, so that a file of up to `ratePerHour` messages a
 * creator is never held back by the bucket. (An emptied bucket still refills at the rate.)
 */
export function burstFor(ratePerHour: number): number {
  return Math.min(BURST_MAX, Math.max(1, Math.round(ratePerHour)));
}

/**
 * Reads the command line. Paths are taken from the folder in which the person typed, which npm keeps in
 * INIT_CWD while it runs scripts from the project's root.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export function parseOptions(
  argv: readonly string[],
  environment: { npm_lifecycle_event?: string; INIT_CWD?: string },
  now = new Date(),
): ReplayOptions {
  const here = environment.npm_lifecycle_event === "replay" ? (environment.INIT_CWD ?? ".") : process.cwd();
  const command = commandLine();
  throwInsteadOfExit(command);
  command.parse(argv, { from: "user" });
  const given = command.opts<Partial<ReplayOptions> & { agent: string; concurrency: number }>();
  const file = resolve(here, command.args[0] ?? "");
  const out = resolve(here, given.out ?? `replies-${fileStamp(now)}.csv`);
  if (out === file)
    throw new CommandError("The replies (--out) would overwrite the messages: it is the same file.", 2);
  return { ...given, file, out };
}

function commandLine(): Command {
  return new Command("npm run replay --")
    .description(
      "Submits a CSV of fan messages (creator_id,fan_id,sent_at,text) to a running Understudy, waits for the " +
        "replies, writes them to a CSV, sums them up by creator, and compares the ledger with the emulator's bill.",
    )
    .argument("<FILE.csv>", "the messages; other columns are ignored")
    .option("--url <url>", "where Understudy answers (UNDERSTUDY_URL; default: this clone's instance)")
    .option("--key <key>", "API key of an admin (UNDERSTUDY_ADMIN_KEY; default: this clone's)")
    .option("--emulator-url <url>", "whose bill to compare with (default: this clone's emulator)")
    .option("--agent <name>", "who answers", "chat")
    .option("--plan <name>", "puts each creator of the file on this plan first")
    .option(
      "--rate-per-hour <n>",
      "sets each creator's bucket first: this rate, and a burst of the same number (1,000,000 at most), so that the run isn't held back",
      positive(bucket.shape.ratePerHour.maxValue ?? Number.POSITIVE_INFINITY, false),
    )
    .option("--concurrency <n>", "most requests under way", positive(1000, true), 32)
    .option("--limit <n>", "only the first n rows", positive(Number.MAX_SAFE_INTEGER, true))
    .option("--out <FILE.csv>", "where the replies go (default: replies-<time>.csv)")
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing lost, none failed, and ledger = bill; 1 otherwise; 2 wrong usage; 130 after Ctrl-C.",
    );
}

function positive(max: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value > 0 && value <= max) || (whole && !Number.isInteger(value))) {
      const limit = Number.isFinite(max) && max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : "";
      throw new InvalidArgumentError(`It must be a ${whole ? "whole " : ""}number above 0${limit}.`);
    }
    return value;
  };
}

/** `2026-11-22T15-04-05-123Z`: no colons, which file names on Windows can't have. */
function fileStamp(now: Date): string {
  return now.toISOString().replaceAll(/[:.]/g, "-");
}
