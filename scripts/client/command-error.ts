import { type Command, CommanderError } from "commander";

/** Ends the run with one clear line and no stack trace. Exit codes: 1 it did not work, 2 it was asked wrongly. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** What was thrown, in one line; Node's AggregateError (localhost by IPv4 and IPv6) has its text inside. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Exit codes as `CommandError` has them: 0 after `--help`, 2 for options that are wrong (already printed). */
export function throwInsteadOfExit(command: Command): void {
  command.exitOverride((error) => {
    error.exitCode = error.exitCode === 0 ? 0 : 2;
    throw error;
  });
}

/** Prints why a command ended, unless that was done. @returns the exit code */
export function exitCodeOf(thrown: unknown): number {
  // Commander has printed its help or what is wrong with the options.
  if (thrown instanceof CommanderError) return thrown.exitCode;
  if (thrown instanceof CommandError) {
    console.error(thrown.message);
    return thrown.exitCode;
  }
  console.error(thrown);
  return 1;
}
