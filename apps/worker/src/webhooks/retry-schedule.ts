import ms, { type StringValue } from "ms";
import { z } from "zod";

/** A time span such as `200ms`, `5s` or `2h`, in ms. */
export const duration = z.string().transform((text, context) => {
  const parsed = text.trim() === "" ? Number.NaN : ms(text.trim() as StringValue);
  if (parsed >= 0 && parsed <= spanMsMax) return parsed;
  context.addIssue({
    code: "custom",
    message: "must be a time such as 200ms, 5s, 30m, 2h or 5d, a year at most",
  });
  return z.NEVER;
});

const spanMsMax = 365 * 24 * 3_600_000;

/** Pauses between tries, separated by commas; the first try is made at once. */
export const retrySchedule = z
  .string()
  .transform((list) => list.split(","))
  .pipe(z.array(duration).max(50));

/** Standard Webhooks' own: ten tries over about three days. */
export const standardSchedule = "5s,5m,30m,2h,5h,10h,14h,20h,24h";

/** So much earlier or later, as a share, that those who failed together do not come back together. */
const jitter = 0.2;

/** Longer than this no endpoint makes us wait. */
const retryAfterMsMax = 24 * 3_600_000;

/**
 * When a delivery is tried again.
 * @param tries that were made
 * @param retryAfter the answer's header: at least so long, a day at most
 * @returns undefined where that was the last try
 */
export function nextTryAt(
  schedule: readonly number[],
  tries: number,
  now: Date,
  retryAfter?: string,
): Date | undefined {
  const pauseMs = schedule[tries - 1];
  if (pauseMs === undefined) return undefined;
  const jittered = pauseMs * (1 - jitter + 2 * jitter * Math.random());
  return new Date(now.getTime() + Math.max(jittered, readRetryAfter(retryAfter, now)));
}

/** Seconds or a date, as ms from now; 0 where it says nothing. */
function readRetryAfter(text: string | undefined, now: Date): number {
  if (text === undefined) return 0;
  const waitMs = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now.getTime();
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(waitMs, 0), retryAfterMsMax);
}
