import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { RunningRedis } from "@understudy/local-services";
import { askRedis } from "./ask-services.ts";
import { eventually } from "./eventually.ts";
import { startLink } from "./link.ts";
import { startTestRedis } from "./test-redis.ts";

/** A primary and a replica behind one address, as of a managed Redis. */
export interface RedisPair {
  /** Through the link. */
  url: string;
  /**
   * The replica becomes the primary, and the primary its replica. Connections that are there live on, and are
   * answered READONLY; new ones lead to the new primary.
   */
  failOver(): Promise<void>;
  primary(): RunningRedis;
  remove(): Promise<void>;
}

export async function startRedisPair(): Promise<RedisPair> {
  let [primary, replica] = await Promise.all([startTestRedis(), startTestRedis()]);
  // Both take the same password, as the servers of one Redis do.
  const { password } = new URL(primary.url);
  const urlOf = (port: number) => `redis://:${password}@127.0.0.1:${port}`;
  await askRedis(replica.url, (redis) => redis.config("SET", "requirepass", password));
  await follow(replica.port, primary.port);
  const link = await startLink(primary.port);

  async function follow(port: number, primaryPort: number): Promise<void> {
    await askRedis(urlOf(port), async (redis) => {
      // Each time: one that was restarted has forgotten it.
      await redis.config("SET", "masterauth", password);
      await redis.replicaof("127.0.0.1", String(primaryPort));
      await eventually(async () => {
        if (!(await redis.info("replication")).includes("master_link_status:up"))
          throw new Error("The replica does not follow yet.");
      });
    });
  }

  return {
    url: urlOf(link.port),
    async failOver() {
      await askRedis(urlOf(replica.port), (redis) => redis.replicaof("NO", "ONE"));
      link.leadTo(replica.port);
      [primary, replica] = [replica, primary];
      await follow(replica.port, primary.port);
    },
    primary: () => ({ ...primary, url: urlOf(primary.port) }),
    async remove() {
      await link.close();
      await Promise.all([primary.remove(), replica.remove()]);
    },
  };
}

/**
 * Cuts the last bytes off what a killed Redis has written, as a machine's crash does.
 * @returns how many there were to cut
 */
export function cutAppendOnlyFile(redis: RunningRedis, bytes: number): number {
  const directory = join(redis.dataDirectory, "appendonlydir");
  const numberOf = (name: string) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1]);
  const [newest] = readdirSync(directory)
    .filter((name) => numberOf(name) > 0)
    .sort((a, b) => numberOf(b) - numberOf(a));
  if (newest === undefined) throw new Error(`Redis keeps no append-only file in ${directory}.`);
  const file = join(directory, newest);
  const { size } = statSync(file);
  truncateSync(file, Math.max(0, size - bytes));
  return Math.min(bytes, size);
}
