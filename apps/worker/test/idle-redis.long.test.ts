import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { Redis } from "ioredis";

const operations = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8");
const windowMs = 60_000;
/** Upstash charges nothing for these. */
const free = new Set(["auth", "hello", "select", "command", "config", "info", "ping", "reset", "quit"]);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

it("an idle API and worker send Redis as many commands as the guide says, or fewer", async () => {
  const told = Number(/about (\d+) commands a minute/.exec(operations)?.[1]);
  const redis = new Redis(stack.redis.url);
  const monitor = await redis.monitor();
  let billed = 0;
  monitor.on("monitor", (_time: string, [name = ""]: string[], source: string) => {
    if (source !== "lua" && !free.has(name.toLowerCase())) billed++;
  });
  // A rate is measured over a time.
  await sleep(windowMs);
  monitor.disconnect();
  redis.disconnect();
  expect(billed).toBeGreaterThan(told / 4);
  expect(billed).toBeLessThan(told * 1.2);
});
