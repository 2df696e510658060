/** Ends the run with one clear line and no stack trace. Exit codes: 1 it did not work, 2 it was asked wrongly. */
export class ReplayError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.name = "ReplayError";
    this.exitCode = exitCode;
  }
}

/** What was thrown, in one line; Node's AggregateError (localhost by IPv4 and IPv6) has its text inside. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message : String(thrown);
}
