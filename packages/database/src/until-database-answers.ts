import pRetry from "p-retry";
import { databaseFault, isDatabaseAway, mayBeOneItems, NotStorableError } from "./errors.ts";
import { answeredSince } from "./last-answer.ts";

/** How long a write may be refused for what its class says will pass, while others are taken. */
const doubtMs = 60_000;

/**
 * Writes something that must not be given up, a paid answer for instance: while Postgres is away it is tried
 * again, with pauses of up to 5 s, for as long as this process lives. The write may be committed without our
 * hearing of it, so it must be safe to run twice.
 *
 * @param signal ends the waiting; what has been written by then is told all the same
 * @param isPaid it also waits for a migration, however long, since nothing brings it back
 * @throws what is refused for its data, at once; NotStorableError after a minute in which others were taken; any error that
 *   is not of Postgres
 */
export async function untilDatabaseAnswers<Result>(
  write: () => Promise<Result>,
  { signal, isPaid = false }: { signal?: AbortSignal; isPaid?: boolean } = {},
): Promise<Result> {
  let doubtedSince: number | undefined;
  const isGivenUp = (error: unknown): boolean => {
    const isOurs = databaseFault(error) === "ours";
    if (!isOurs && !mayBeOneItems(error)) {
      doubtedSince = undefined;
      return false;
    }
    if (isOurs && isPaid) return false;
    doubtedSince ??= performance.now();
    // A statement that this Postgres does not know yet waits as long: its migration may be under way.
    return performance.now() - doubtedSince > doubtMs && (isOurs || answeredSince(doubtedSince));
  };
  let written: { result: Result } | undefined;
  const writeOnce = async () => {
    const result = await write();
    written = { result };
    return result;
  };
  try {
    return await pRetry(writeOnce, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 100,
      maxTimeout: 5_000,
      randomize: true,
      ...(signal && { signal }),
      shouldRetry: ({ error }) =>
        (isDatabaseAway(error) || databaseFault(error) === "ours") && !isGivenUp(error),
    });
  } catch (error) {
    // It was to wait no longer, but has been done.
    if (written) return written.result;
    throw isDatabaseAway(error) ? new NotStorableError(error) : error;
  }
}
