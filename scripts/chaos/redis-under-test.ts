import {
  askRedis,
  cutAppendOnlyFile,
  freeze,
  type RedisPair,
  startRedisPair,
  startTestRedis,
} from "@understudy/testkit";
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
  const redis = kind === "pair" ? await startRedisPair() : await startAlone();
  const { url, primary, failOver, remove } = redis;
  return {
    url,
    async crash(cutBytes, pause) {
      const server = primary();
      await server.kill();
      if (cutBytes > 0) cutAppendOnlyFile(server, cutBytes);
      await pause();
      await server.restart();
    },
    wipe: () => askRedis(url, async (redis) => void (await redis.flushall())),
    async freeze(pause) {
      const thaw = freeze([primary().pid()]);
      await pause();
      thaw();
    },
    setFull: (isFull) =>
      askRedis(url, async (redis) => void (await redis.config("SET", "maxmemory", isFull ? "1mb" : "0"))),
    failOver,
    remove,
  };
}

/** As a pair that has no replica. */
async function startAlone(): Promise<RedisPair> {
  const server = await startTestRedis(true);
  return {
    url: server.url,
    primary: () => server,
    failOver: () => Promise.reject(new Error("There is no replica.")),
    remove: server.remove,
  };
}
