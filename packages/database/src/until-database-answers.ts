import pRetry from "p-retry";
import { isDatabaseAway } from "./errors.ts";

/**
 * Writes something that must not be given up, a paid answer for instance: while Postgres is away it is tried
 * again, with pauses of up to 5 s, for as long as this process lives. The write may be committed without our
 * hearing of it, so it must be safe to run twice.
 *
 * @throws any error that is not Postgres' being away
 */
export function untilDatabaseAnswers<Result>(write: () => Promise<Result>): Promise<Result> {
  return pRetry(write, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 100,
    maxTimeout: 5_000,
    randomize: true,
    shouldRetry: ({ error }) => isDatabaseAway(error),
  });
}
