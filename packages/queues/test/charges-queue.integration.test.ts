import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import { type Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { chargesQueue, connectRedis, hurryCharges, openChargesQueue, scheduleCharges } from "../src/index.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let queue: Queue;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await eventually(() => expect(redis.status).toBe("ready"));
  queue = openChargesQueue(redis);
});

afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await server.remove();
});

it("A tick that a worker with a clock far ahead has set comes all the same, and so do those after it", async () => {
  const yearMs = 365 * 86_400_000;
  await queue.upsertJobScheduler("close-months", { every: 60_000, startDate: Date.now() + yearMs });
  expect(await scheduleCharges(queue)).toBe(false);
  const connection = connectRedis(server.url, "consumer");
  let ticks = 0;
  const tick = async () => void ticks++;
  const worker = new Worker(chargesQueue.name, tick, { connection, prefix: chargesQueue.prefix });
  try {
    for (const expected of [1, 2]) {
      await eventually(async () => expect(await queue.getDelayedCount()).toBe(1));
      // Between two looks it had its turn.
      await hurryCharges(queue, 0);
      await hurryCharges(queue, 60_000);
      expect(await queue.getDelayedCount()).toBe(1);
      expect(ticks).toBe(expected - 1);
      await hurryCharges(queue, 0);
      await eventually(() => expect(ticks).toBe(expected));
    }
  } finally {
    await worker.close();
    connection.disconnect();
  }
});
