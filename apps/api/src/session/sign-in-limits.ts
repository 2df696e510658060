import { isIP } from "node:net";
import type { Redis } from "ioredis";
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from "rate-limiter-flexible";
import { ProblemError } from "../http/problem-error.ts";

/** Failed sign-ins: of one address, and of all together, over all processes; each counts for so long. */
const bounds = { address: { points: 10, duration: 300 }, all: { points: 100, duration: 60 } };

const everyone = "all";

/** Bounds how many keys can be tried, before Postgres is asked. Without Redis each process counts alone. */
export class SignInLimits {
  readonly #address: RateLimiterAbstract;
  readonly #all: RateLimiterAbstract;

  /** @param redis closed by its owner */
  constructor(redis: Redis) {
    const limiter = (name: keyof typeof bounds) =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `understudy:sign-in:${name}`,
        ...bounds[name],
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory(bounds[name]),
      });
    this.#address = limiter("address");
    this.#all = limiter("all");
  }

  /**
   * Tries a key. What is tried counts at once, so that many at the same time are no more than one after the other.
   * @throws what `signIn` throws; a 429 problem where it is not tried, since too many have failed
   */
  async around<Result>(address: string, signIn: () => Promise<Result>): Promise<Result> {
    const network = networkOf(address);
    // The address first: one that has used up its tries uses up nobody else's.
    await this.#count(this.#address, network);
    try {
      await this.#count(this.#all, everyone);
    } catch (refused) {
      // What others did is no try of this one.
      await this.#address.reward(network);
      throw refused;
    }
    const result = await signIn();
    // Who has a key is no guesser.
    await Promise.all([this.#address.delete(network), this.#all.reward(everyone)]);
    return result;
  }

  async #count(limiter: RateLimiterAbstract, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1_000));
      throw new ProblemError(
        429,
        "too_many_sign_ins",
        `Too many sign-ins have failed. Try again in ${seconds} s.`,
        { retryable: true, headers: { "retry-after": String(seconds) } },
      );
    }
  }
}

/** What one subscriber has: of IPv6 a network of 64 bits. */
function networkOf(address: string): string {
  if (isIP(address) !== 6 || /^::ffff:/i.test(address)) return address;
  const [head = "", tail = ""] = address.toLowerCase().split("::");
  const [given, last] = [head, tail].map((groups) => groups.split(":").filter(Boolean)) as [
    string[],
    string[],
  ];
  const missing = Array<string>(8 - given.length - last.length).fill("0");
  return `${[...given, ...missing, ...last].slice(0, 4).join(":")}::/64`;
}
