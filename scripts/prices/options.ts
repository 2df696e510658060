import { serviceTiers } from "@understudy/contracts";
import { Command, InvalidArgumentError, Option } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";
import { jsonObject } from "../client/json-object.ts";
import { moment } from "../client/moment.ts";

/** Where Understudy is: of every command. */
export interface Connection {
  url?: string;
  key?: string;
}

export interface AddOptions {
  model: string;
  tier: string;
  /** ISO 8601. */
  from?: string;
  in: string;
  out: string;
  cached: string;
  audioIn?: string;
  audioCached?: string;
  longAbove?: number;
  longIn?: string;
  longOut?: string;
  longCached?: string;
  source: string;
}

export interface QuoteOptions {
  model: string;
  tier: string;
  /** ISO 8601. */
  at?: string;
  usageMetadata: Record<string, unknown>;
}

/** What each command does, once its line is read. */
export interface PriceCommands {
  list(connection: Connection, options: { model?: string; all: boolean }): Promise<void>;
  add(connection: Connection, options: AddOptions): Promise<void>;
  quote(connection: Connection, options: QuoteOptions): Promise<void>;
  check(connection: Connection): Promise<void>;
}

/** Gemini's counts, by the option that names each. */
const counts = {
  prompt: "promptTokenCount",
  cached: "cachedContentTokenCount",
  output: "candidatesTokenCount",
  thoughts: "thoughtsTokenCount",
  toolUse: "toolUsePromptTokenCount",
  total: "totalTokenCount",
} as const;

/**
 * Reads the command line and runs its command.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export async function runCommand(argv: readonly string[], commands: PriceCommands): Promise<void> {
  const program = new Command("npm run prices --")
    .description(
      "The prices of models: USD for a million tokens. A price is never edited; a new one is added.",
    )
    .option("--url <url>", "where Understudy answers (UNDERSTUDY_URL; default: this clone's instance)")
    .option("--key <key>", "API key of an admin (UNDERSTUDY_ADMIN_KEY; default: this clone's)")
    .addHelpText("after", "\nExit codes: 0 done; 1 it did not work, or prices differ; 2 wrong usage.");
  // Commands take this over, so it comes before them.
  throwInsteadOfExit(program);
  addList(program, commands);
  addAdd(program, commands);
  addQuote(program, commands);
  program
    .command("check")
    .description(
      "compares the instance's standard prices, in force or to come, with those in the installed @pydantic/genai-prices",
    )
    .action(() => commands.check(program.opts()));
  await program.parseAsync(argv, { from: "user" });
}

function addList(program: Command, commands: PriceCommands): void {
  program
    .command("list")
    .description("shows the prices in force and those to come")
    .option("--model <name>", "of one model")
    .option("--all", "also those that are over", false)
    .action((options: { model?: string; all: boolean }) => commands.list(program.opts(), options));
}

function addAdd(program: Command, commands: PriceCommands): void {
  program
    .command("add")
    .description("adds a price; amounts are USD for a million tokens, at most 6 decimals")
    .argument("<model>", "such as gemini-3.5-flash-lite")
    .addOption(tierOption())
    .option(
      "--from <time>",
      "when it begins (default: as soon as every process can know it, 60 s from now where there is a price already)",
      moment,
    )
    .requiredOption("--in <usd>", "input")
    .requiredOption("--out <usd>", "output and thoughts")
    .requiredOption("--cached <usd>", "cached input")
    .option("--audio-in <usd>", "audio input (default: as --in)")
    .option("--audio-cached <usd>", "cached audio input (default: as --cached)")
    .option("--long-above <tokens>", "prompts of more tokens cost the long prices", wholeNumber)
    .option("--long-in <usd>", "input of long prompts")
    .option("--long-out <usd>", "output for long prompts")
    .option("--long-cached <usd>", "cached input of long prompts")
    .requiredOption("--source <text>", "where the price was read, with its date")
    .action((model: string, options: Omit<AddOptions, "model">) =>
      commands.add(program.opts(), { ...options, model }),
    );
}

function addQuote(program: Command, commands: PriceCommands): void {
  type Given = { tier: string; at?: string; usage?: object } & { [Name in keyof typeof counts]?: number };
  program
    .command("quote")
    .description("says line by line what a usage costs")
    .argument("<model>", "such as gemini-3.5-flash-lite")
    .addOption(tierOption())
    .option("--at <time>", "when the call begins (default: now)", moment)
    .option("--usage <json>", "usageMetadata as Gemini sends it; the counts below go over it", jsonObject)
    .option("--prompt <tokens>", "promptTokenCount, the cached part included", wholeNumber)
    .option("--cached <tokens>", "cachedContentTokenCount", wholeNumber)
    .option("--output <tokens>", "candidatesTokenCount", wholeNumber)
    .option("--thoughts <tokens>", "thoughtsTokenCount", wholeNumber)
    .option("--tool-use <tokens>", "toolUsePromptTokenCount", wholeNumber)
    .option("--total <tokens>", "totalTokenCount", wholeNumber)
    .action((model: string, { tier, at, usage, ...given }: Given) => {
      const counted = Object.entries(given).map(([name, count]) => [
        counts[name as keyof typeof counts],
        count,
      ]);
      const usageMetadata = { ...usage, ...Object.fromEntries(counted) };
      return commands.quote(program.opts(), { model, tier, usageMetadata, ...(at !== undefined && { at }) });
    });
}

function tierOption(): Option {
  return new Option("--tier <tier>", "service tier").choices(serviceTiers).default("standard");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It must be a whole number.");
  return value;
}
