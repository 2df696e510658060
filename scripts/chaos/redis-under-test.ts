import type { RunningRedis } from "@understudy/local-services";
import { cutAppendOnlyFile, startRedisPair, startTestRedis } from "@understudy/testkit";
import { Redis } from "ioredis";
import type { Topology } from "./topologies.ts";

/** The Redis of a run, and what is done to it. */
export interface RedisUnderTest {
  /** Stays the same over a failover. */
  url: string;
  /** kill -9; so many of the last bytes that it wrote down are lost; up again after the pause. */
  crash(cutBytes: number, pause: () => Promise<unknown>): Promise<void>;
  /** FLUSHALL. */
  wipe(): Promise<void>;
  /** SIGSTOP. */
  freeze(pause: () => Promise<unknown>): Promise<void>;
  /** Takes no more writes for want of memory. */
  setFull(isFull: boolean): Promise<void>;
  /** The replica becomes the primary, and the primary its replica, with all connections alive. */
  failOver(): Promise<void>;
  remove(): Promise<void>;
}

export async function startRedisUnderTest(kind: Topology["redis"]): Promise<RedisUnderTest> {
  const pair = kind === "pair" ? await startRedisPair() : undefined;
  const single = pair ? undefined : await startTestRedis(true);
  const primary = (): RunningRedis => {
    const server = pair?.primary() ?? single;
    if (!server) throw new Error("There is no Redis.");
    return server;
  };
  const url = pair?.url ?? primary().url;
  return {
    url,
    async crash(cutBytes, pause) {
      const server = primary();
      await server.kill();
      if (cutBytes > 0) cutAppendOnlyFile(server, cutBytes);
      await pause();
      await server.restart();
    },
    wipe: () => asking(url, (redis) => redis.flushall()),
    async freeze(pause) {
      const pid = primary().pid();
      process.kill(pid, "SIGSTOP");
      await pause();
      process.kill(pid, "SIGCONT");
    },
    setFull: (isFull) => asking(url, (redis) => redis.config("SET", "maxmemory", isFull ? "1mb" : "0")),
    async failOver() {
      if (!pair) throw new Error("There is no replica.");
      await pair.failOver();
    },
    async remove() {
      await pair?.remove();
      await single?.remove();
    },
  };
}

async function asking(url: string, question: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3, disconnectTimeout: 200 });
  // What fails says so to its caller.
  redis.on("error", () => {});
  try {
    await question(redis);
  } finally {
    redis.disconnect();
  }
}
