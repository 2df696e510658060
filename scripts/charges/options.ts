import { month as monthSchema } from "@understudy/contracts";
import { Command, InvalidArgumentError } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";

/** Where Understudy is: of every command. */
export interface Connection {
  url?: string;
  key?: string;
}

export interface ShowOptions {
  creator?: string;
  /** Where to write CSV instead of showing a table. */
  csv?: string;
}

/** What each command does, once its line is read. */
export interface ChargeCommands {
  close(connection: Connection, month: string): Promise<void>;
  show(connection: Connection, month: string, options: ShowOptions): Promise<void>;
}

/**
 * Reads the command line and runs its command.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export async function runCommand(argv: readonly string[], commands: ChargeCommands): Promise<void> {
  const program = new Command("npm run charges --")
    .description(
      "What creators owe for a UTC month. Months are closed by themselves; a closed charge never changes.",
    )
    .option("--url <url>", "where Understudy answers (UNDERSTUDY_URL; default: this clone's instance)")
    .option("--key <key>", "API key of an admin (UNDERSTUDY_ADMIN_KEY; default: this clone's)")
    .addHelpText(
      "after",
      "\nExit codes: 0 done; 1 it did not work, or creators are left to charge; 2 wrong usage.",
    );
  // Commands take this over, so it comes before them.
  throwInsteadOfExit(program);
  program
    .command("close")
    .description("charges every creator for a month that is over, after the months before it; safe to repeat")
    .argument("<month>", "such as 2026-10", month)
    .action((closed: string) => commands.close(program.opts(), closed));
  program
    .command("show")
    .description("shows a month's charges, as drafts where they are not closed yet")
    .argument("<month>", "such as 2026-10", month)
    .option("--creator <id>", "of one creator")
    .option("--csv <file>", "write them to a CSV file, whose last line is their total")
    .action((shown: string, options: ShowOptions) => commands.show(program.opts(), shown, options));
  await program.parseAsync(argv, { from: "user" });
}

function month(text: string): string {
  const parsed = monthSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("It must be a UTC month, such as 2026-10.");
  return parsed.data;
}
