import type { Request } from "express";

const waitSecondsMax = 60;

/** Seconds that the client would wait: `Prefer: wait=20` (RFC 7240), 60 at most; 0 without it. */
export function preferredWaitSeconds(request: Request): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(request.get("prefer") ?? "")?.[1];
  return Math.min(Number(seconds ?? 0), waitSecondsMax);
}
