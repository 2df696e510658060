import { creatorId as creatorIdSchema, month as monthSchema } from "@understudy/contracts";
import { Command, InvalidArgumentError } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";

export interface BooksOptions {
  month?: string;
  creator?: string;
  /** How many settled calls are worked out anew, the latest first. */
  recompute: number;
  json: boolean;
}

/**
 * Reads the command line and runs its command.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export async function runCommand(
  argv: readonly string[],
  books: (options: BooksOptions) => Promise<void>,
): Promise<void> {
  const program = new Command("npm run audit --")
    .description("Looks whether what Understudy has written down holds together. Changes nothing.")
    .addHelpText(
      "after",
      `
DATABASE_DIRECT_URL, or DATABASE_URL, says where; a replica will do. PLATFORM_QUOTA_USD and RETENTION_DAYS as the workers have them.

Exit codes: 0 nothing is amiss; 1 something is, or could not be asked; 2 wrong usage; 130 interrupted.`,
    );
  // Commands take this over, so it comes before them.
  throwInsteadOfExit(program);
  program
    .command("books")
    .description(
      "compares every account, day and charge with its calls, and asks what must hold of all rows, at one moment and while all goes on",
    )
    .option(
      "--month <month>",
      "of one UTC month, such as 2026-10: without keys' accounts, which have none",
      month,
    )
    .option("--creator <id>", "of one creator: without accounts of keys and of the platform", creator)
    .option(
      "--recompute <calls>",
      "how many settled calls are worked out anew from their tokens and prices, the latest first, or all",
      callsToRecompute,
      10_000,
    )
    .option("--json", "for programs: a line {what, whose, is, shouldBe, todo} for each finding", false)
    .action((options: BooksOptions) => books(options));
  await program.parseAsync(argv, { from: "user" });
}

function month(text: string): string {
  const parsed = monthSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("It must be a UTC month, such as 2026-10.");
  return parsed.data;
}

function creator(text: string): string {
  const parsed = creatorIdSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("It must be a creator's id.");
  return parsed.data;
}

function callsToRecompute(text: string): number {
  if (text === "all") return Number.POSITIVE_INFINITY;
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, or all.");
  return Number(text);
}
