import { type Finding, fail, ok, warn } from "./finding.ts";

/** Times are told by Postgres' clock, limits kept by Redis'; what they differ by is seen. */
const warnMs = 1_000;
const failMs = 30_000;

/**
 * Compares this machine's clock with a server's.
 * @param serverMs asks for the server's time, in ms since 1970
 */
export async function checkClock(server: string, serverMs: () => Promise<number>): Promise<Finding> {
  const before = Date.now();
  const there = await serverMs();
  const after = Date.now();
  // Whatever lies within the question's own time can't be told apart.
  const skewMs = Math.max(before - there, there - after, 0);
  const message = `${server} and this machine differ by ${(skewMs / 1000).toFixed(1)} s`;
  if (skewMs < warnMs) return ok("clock", message);
  return (skewMs < failMs ? warn : fail)("clock", message, "synchronise the clocks (NTP) on both");
}
