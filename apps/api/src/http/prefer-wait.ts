/** Proxies give up at 60. */
const waitSecondsMax = 55;

/**
 * Seconds that the client would wait: `wait=20` (RFC 7240), 55 at most; 0 without it.
 * @param prefer the header of that name
 */
export function preferredWaitSeconds(prefer: string | string[] | undefined): number {
  if (prefer === undefined) return 0;
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(String(prefer))?.[1];
  return Math.min(Number(seconds ?? 0), waitSecondsMax);
}
