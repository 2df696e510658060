import { Command } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";

export interface DoctorOptions {
  url?: string;
  envFile?: string;
  /** Sends real requests to Gemini, which cost. */
  live: boolean;
  json: boolean;
}

/** @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed) */
export function readOptions(argv: readonly string[]): DoctorOptions {
  const program = new Command("npm run doctor --")
    .description(
      "Checks a deployment from its environment: settings, Postgres, Redis, clocks, migrations, models, Gemini, API, worker.\nChanges nothing; costs nothing without --live.",
    )
    .option("--url <url>", "where the API answers (UNDERSTUDY_URL; default: 127.0.0.1 and PORT)")
    .option("--env-file <file>", "settings to check, such as infra/.env; the environment comes first")
    .option(
      "--live",
      "sends each model of each role a real request: some thousandths of a cent each (the emulator is always sent them)",
      false,
    )
    .option("--json", "for programs: {ok, findings: [{check, status, message, todo?}]}", false)
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing failed, there may be warnings; 1 something did; 2 wrong usage.",
    );
  throwInsteadOfExit(program);
  program.parse(argv, { from: "user" });
  return program.opts<DoctorOptions>();
}
