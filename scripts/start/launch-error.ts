/** What keeps `npm start` from going on; the message says what to do. */
export class LaunchError extends Error {
  override readonly name = "LaunchError";
}

/** The message to show a person: no stack, whatever was thrown. */
export function messageOf(err: unknown): string {
  if (err instanceof AggregateError && err.message === "") return err.errors.map(messageOf).join("; ");
  return err instanceof Error ? err.message : String(err);
}
