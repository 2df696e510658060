/** A bucket as its holder is told of it. Times in ms, all by one clock. */
export interface RateView {
  /** Tokens that are there now. */
  tokens: number;
  /** When the next token is there: not later than now while there are some. */
  nextTokenAt: number;
  /** One token comes each so many ms. */
  interval: number;
  burst: number;
  now: number;
}

/**
 * A bucket as RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10): `q` tokens at most, all of them back after
 * `w` seconds; `r` are there, the next after `t` seconds. Both are lists: of several buckets, one line each.
 */
export function rateLimitHeaders(name: "key" | "bucket", view: RateView) {
  const { burst, interval, tokens } = view;
  return {
    "ratelimit-policy": `"${name}";q=${burst};w=${seconds(burst * interval)}`,
    ratelimit: `"${name}";r=${tokens};t=${tokens > 0 ? 0 : secondsToToken(view)}`,
  };
}

/** Whole seconds until there is a token. */
export function secondsToToken({ nextTokenAt, now }: RateView): number {
  return seconds(nextTokenAt - now);
}

function seconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
