import { afterEach, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { cutAppendOnlyFile, eventually, startRedisPair, startTestRedis } from "../src/index.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function connected(url: string): Redis {
  const redis = new Redis(url, { disconnectTimeout: 200 });
  redis.on("error", () => {});
  closers.push(() => redis.disconnect());
  return redis;
}

it("fails over and back: old connections are answered READONLY, new ones find what was written", async () => {
  const pair = await startRedisPair();
  closers.push(() => pair.remove());
  for (const n of [1, 2]) {
    const old = connected(pair.url);
    await old.set(`key${n}`, "kept");
    // Redis answers before its replica has it, and a failover loses what the replica has not.
    expect(await old.wait(1, 30_000)).toBe(1);
    const { port } = pair.primary();
    await pair.failOver();
    expect(pair.primary().port).not.toBe(port);
    await expect(old.set(`key${n}`, "changed")).rejects.toThrow("READONLY");
    const fresh = connected(pair.url);
    expect(await fresh.get(`key${n}`)).toBe("kept");
    expect(await connected(pair.primary().url).set("direct", "x")).toBe("OK");
  }
});

it("starts with what is left when the end of its file is cut off", async () => {
  const server = await startTestRedis(true);
  closers.push(() => server.remove());
  const redis = connected(server.url);
  for (let n = 0; n < 10; n++) await redis.set(`key${n}`, "x".repeat(100));
  // Written within a second, and with the process' end at the latest; killed, it is in the file as it is.
  await eventually(async () => expect(await redis.info("persistence")).toContain("aof_pending_bio_fsync:0"));
  await server.kill();
  expect(cutAppendOnlyFile(server, 250)).toBe(250);
  await server.restart();
  const left = connected(server.url);
  const keys = await left.keys("key*");
  expect(keys.length).toBeLessThan(10);
  expect(keys.length).toBeGreaterThan(5);
  await server.kill();
  // No more than there is.
  expect(cutAppendOnlyFile(server, 1_000_000)).toBeLessThan(2_000);
  await server.restart();
  expect(await connected(server.url).dbsize()).toBe(0);
});
