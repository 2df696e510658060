const firstMs = 1_000;

/**
 * Pause before another attempt: it doubles each time, with full jitter, so that what failed together does not come back
 * together. Source: AWS Architecture Blog, "Exponential Backoff and Jitter".
 * @param tries attempts that failed before
 */
export function backoffMs(tries: number): number {
  return Math.random() * firstMs * 2 ** tries;
}
