import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { eventually, ScriptClock, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { KeyRate, type RateTerms } from "../../src/keys/key-rate.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
const connections: Redis[] = [];

beforeAll(async () => {
  server = await startTestRedis();
});

afterAll(async () => {
  for (const redis of connections) redis.disconnect();
  await server.remove();
});

/** One for each process. */
async function processes(count: number, terms: RateTerms): Promise<KeyRate[]> {
  const rates = Array.from({ length: count }, () => {
    const redis = connectRedis(server.url, "producer");
    connections.push(redis);
    return new KeyRate(redis, terms);
  });
  await eventually(() => Promise.all(connections.map((redis) => redis.ping())));
  return rates;
}

function takeAll(rate: KeyRate, caller: string, limit = 1_000): number {
  let taken = 0;
  while (taken < limit && rate.take(caller).isAllowed) taken++;
  return taken;
}

/** Tokens come back so slowly that none does while a test runs. */
const slow = { perSecond: 0.01, burst: 50 };

describe("requests a second of a key", () => {
  it("are its burst, then what comes back, and say when to try again", async () => {
    const [rate] = await processes(1, { perSecond: 20, burst: 10 });
    const first = rate?.take("one");
    expect(first).toMatchObject({ isAllowed: true, tokens: 9, burst: 10, interval: 50 });
    expect(takeAll(rate as KeyRate, "one")).toBeGreaterThanOrEqual(9);
    // On a busy machine one may have come back meanwhile.
    let refused = rate?.take("one");
    while (refused?.isAllowed) refused = rate?.take("one");
    expect(refused).toMatchObject({ isAllowed: false, tokens: 0 });
    const waitMs = Number(refused?.nextTokenAt) - Number(refused?.now);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(50);
    expect(rate?.take("other").isAllowed).toBe(true);
    await eventually(async () => expect(rate?.take("one").isAllowed).toBe(true));
  });

  it("are one bucket for all processes", async () => {
    const [one, other] = (await processes(2, slow)) as [KeyRate, KeyRate];
    expect(takeAll(one, "shared", 20)).toBe(20);
    // The other hears of it with its next exchange.
    let takenByOther = 0;
    await eventually(async () => {
      const { isAllowed, tokens } = other.take("shared");
      if (isAllowed) takenByOther++;
      expect(tokens).toBe(50 - 20 - takenByOther);
    });
    expect(takenByOther + takeAll(other, "shared")).toBe(30);
    await eventually(async () => expect(one.take("shared").isAllowed).toBe(false));
  });

  it("may pass the burst within one exchange, which has to be waited for", async () => {
    const [one, other] = (await processes(2, slow)) as [KeyRate, KeyRate];
    expect([takeAll(one, "both"), takeAll(other, "both")]).toEqual([50, 50]);
    await eventually(async () => {
      for (const rate of [one, other]) {
        const { nextTokenAt, now } = rate.take("both");
        // All hundred count: fifty come back before there is the next token.
        expect((nextTokenAt - now) / 100_000).toBeGreaterThan(50);
      }
    });
  });

  it("may be owed: what a request turned out to be has to be waited for afterwards, in all processes", async () => {
    const [one, other] = (await processes(2, slow)) as [KeyRate, KeyRate];
    expect(one.take("batch").isAllowed).toBe(true);
    one.owe("batch", 199);
    for (const rate of [one, other]) {
      await eventually(async () => {
        const { isAllowed, nextTokenAt, now } = rate.take("batch");
        expect(isAllowed).toBe(false);
        // 200 of 50 are used, and what the other let through before it heard of it: so many come back before there is the next.
        expect((nextTokenAt - now) / 100_000).toBeGreaterThan(150);
      });
    }
    // Who owes already gets no more: many requests whose heads came before the first body.
    const before = one.take("batch").nextTokenAt;
    expect(one.owe("batch", 199)).toMatchObject({ tokens: 0 });
    expect(one.take("batch").nextTokenAt).toBe(before);
    one.owe("nobody", 10);
    expect(one.take("nobody")).toMatchObject({ isAllowed: true, tokens: 49 });
  });

  it("are bounded by each process alone while Redis is away", async () => {
    const redis = connectRedis("redis://127.0.0.1:9", "producer");
    const rate = new KeyRate(redis, slow);
    let taken = takeAll(rate, "away", 44);
    // Exchanges fail in between.
    await eventually(() => {
      const { isAllowed } = rate.take("away");
      if (isAllowed) taken++;
      expect(isAllowed).toBe(false);
    });
    expect(taken).toBe(50);
    redis.disconnect();
  });

  it("leave nothing behind in Redis when the bucket is full again", async () => {
    const [rate] = await processes(1, { perSecond: 1000, burst: 5 });
    rate?.take("quick");
    const [redis] = connections;
    const keyOf = () => redis?.pttl("understudy:key-rate:quick");
    await eventually(async () => expect(await keyOf()).toBeGreaterThan(0));
    expect(await keyOf()).toBeLessThan(1_100);
  });
});

describe("the bucket that all processes share", () => {
  it("is full again so many intervals after what they let through, of which what has passed is off", async () => {
    const redis = connectRedis(server.url, "producer");
    connections.push(redis);
    const clock = new ScriptClock(Date.UTC(2026, 0, 1));
    clock.setOn(redis);
    await eventually(() => redis.ping());
    new KeyRate(redis, slow).close();
    const { countUses } = redis as unknown as {
      countUses(key: string, uses: number, intervalMs: number): Promise<string>;
    };
    expect(await countUses("rate:one", 3, 100)).toBe("300.000");
    expect(await countUses("rate:other", 1, 20_000.5)).toBe("20000.500");
    const keptMs = await redis.pttl("rate:other");
    expect(keptMs).toBeGreaterThan(20_001);
    expect(keptMs).toBeLessThanOrEqual(21_001);
    clock.now += 150.25;
    expect(await countUses("rate:one", 0, 100)).toBe("149.750");
    expect(await countUses("rate:one", 2, 100)).toBe("349.750");
    clock.now += 349.75;
    expect(await countUses("rate:one", 0, 100)).toBe("0.000");
    // Rest saves nothing up beyond the burst.
    clock.now += 5_000;
    expect(await countUses("rate:one", 1, 100)).toBe("100.000");
  });
});
