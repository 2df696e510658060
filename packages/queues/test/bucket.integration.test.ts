import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import fc from "fast-check";
import type { Redis } from "ioredis";
import { connectRedis } from "../src/redis.ts";

const read = (name: string) => readFileSync(new URL(`../src/lanes/${name}.lua`, import.meta.url), "utf8");
const arithmetic = `${read("bucket")}\n${read("terms")}`;

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await eventually(() => expect(redis.status).toBe("ready"));
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

interface Bucket {
  tat: number;
  interval: number;
  burst: number;
  owed?: number;
  since?: number;
}

/** What the bucket's Lua says to an expression of `bucket` and `now`; times are told to the ms. */
async function ask(expression: string, bucket: Bucket, now: number): Promise<number[]> {
  const script = `${arithmetic}
    local bucket, now = cjson.decode(ARGV[1]), tonumber(ARGV[2])
    return cjson.encode({ ${expression} })`;
  return JSON.parse((await redis.eval(script, 0, JSON.stringify(bucket), now)) as string) as number[];
}

const of = (tat: number, more: Partial<Bucket> = {}): Bucket => ({ tat, interval: 100, burst: 3, ...more });

describe("a bucket", () => {
  it.each([
    ["is full when its arrival time has come, and however long after", 1000, 3],
    ["has one less for each interval that it is ahead", 1100, 2],
    ["has a token only when all of it has come", 1101, 1],
    ["is empty when it is as far ahead as it is large", 1300, 0],
    ["is no less than empty", 1900, 0],
    ["was full long ago", 0, 3],
  ])("%s", async (_, tat, count) => {
    expect(await ask("tokens(bucket, now)", of(tat), 1000)).toEqual([count]);
  });

  it("tells when its next token comes, and since when there has been one", async () => {
    const both = "nextToken(bucket, now), tokenSince(bucket)";
    expect(await ask(both, of(1350), 1000)).toEqual([1150, 1150]);
    expect(await ask(both, of(1150), 1000)).toEqual([950, 950]);
    expect(await ask(both, of(500), 1000)).toEqual([800, 300]);
  });

  it("is moved ahead by one interval for each token: from now where it was full", async () => {
    expect(await ask("takenTat(bucket, now)", of(1150), 1000)).toEqual([1250]);
    expect(await ask("takenTat(bucket, now)", of(500), 1000)).toEqual([1100]);
  });

  it("counts as emptied when this run of Redis began where it is missing or of a run before, and as full of a newer creator", async () => {
    expect(await ask("missingTat(100, 3, 999, 1000)", of(0), 0)).toEqual([1300, 1000]);
    expect(await ask("missingTat(100, 3, 1000, 1000)", of(0), 0)).toEqual([1300, 1000]);
    expect(await ask("missingTat(100, 3, 1001, 1000)", of(0), 0)).toEqual([0]);
    expect(await ask("doubtedTat(1299, 100, 3, 1000), doubtedTat(1301, 100, 3, 1000)", of(0), 0)).toEqual([
      1300, 1301,
    ]);
  });

  it("has a token exactly where the next one has come, and one less once it is taken", async () => {
    const bucket = fc.record({
      tat: fc.integer({ min: 0, max: 5_000 }),
      interval: fc.constantFrom(1, 7, 100, 1000 / 3),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(bucket, fc.integer({ min: 0, max: 5_000 }), async (given, now) => {
        const [count = 0, next = 0, tat = 0] = await ask(
          "tokens(bucket, now), nextToken(bucket, now), takenTat(bucket, now)",
          given,
          now,
        );
        expect(count >= 1).toBe(next <= now + 1e-6);
        if (count >= 1) expect(await ask("tokens(bucket, now)", { ...given, tat }, now)).toEqual([count - 1]);
      }),
    );
  });
});

describe("changed terms", () => {
  it.each([
    ["leave what was used used, however long each takes now", of(1200, { owed: 0 }), [1400, 0]],
    [
      "let nobody wait for more than empty the smaller bucket, and keep the rest",
      of(1500, { owed: 0 }),
      [1600, 2],
    ],
    ["count again what was kept", of(1100, { owed: 1 }), [1400, 0]],
    ["owe nothing where the bucket was full", of(400, { owed: 0 }), [1000, 0]],
    ["leave no more than has come since it was emptied", of(1000, { owed: 0, since: 900 }), [1400, 0, 800]],
  ])("%s", async (_, bucket, expected) => {
    expect(await ask("underTerms(bucket, 200, 3, now)", bucket, 1000)).toEqual(expected);
  });
});
