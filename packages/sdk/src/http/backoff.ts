const firstMs = 500;
const maxMs = 8_000;

/**
 * How long to wait before another try.
 * @param tries how many have failed before this one: 0 after the first
 * @param floorMs what the server asked for: never less
 */
export function backoffMs(tries: number, floorMs = 0): number {
  // Full jitter, so that clients that failed together do not come back together.
  return floorMs + Math.random() * Math.min(maxMs, firstMs * 2 ** Math.min(tries, 10));
}

/** `Retry-After` in seconds: a number, or an HTTP date (RFC 9110, 10.2.3). At least 1. */
export function retryAfterOf(headers: Headers): number | undefined {
  const header = headers.get("retry-after");
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - serverNow(headers)) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(1, Math.ceil(seconds));
}

/** The server's clock by its answer, to the second; ours where it does not say: the two may differ. */
export function serverNow(headers: Headers): number {
  const date = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(date) ? Date.now() : date;
}
