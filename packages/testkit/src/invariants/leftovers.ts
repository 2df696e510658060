import { loadStatement } from "@understudy/database";
import type { Redis } from "ioredis";
import { askRedis } from "../ask-services.ts";
import { keysOf } from "./redis-look.ts";
import type { Told, World } from "./world.ts";

const leftovers = loadStatement(new URL("./leftovers.sql", import.meta.url));

/** What stays for ever: buckets, and the state of all lanes. All other keys of lanes hold entries. */
const lasting = /^\{lanes\}:(creator:.*|state)$/;

/** Of BullMQ: who has a job in hand, and lists that are keys only while something stands in them. */
const standing = /^\{agent-[^}]*\}:[^:]+:(wait|paused|prioritized|active|delayed|.*:lock)$/;

/** F: no call is open, nothing is held, nobody dead has a lease, and nothing stands in Redis. */
export async function leftBehind(
  world: Pick<World, "database" | "redisUrl">,
  { workersMax }: Pick<Told, "workersMax">,
): Promise<string[]> {
  const [rows, keys] = await Promise.all([
    world.database.execute<{ what: string }>(leftovers, [{ workersMax }]),
    askRedis(world.redisUrl, keysLeft),
  ]);
  return [...rows.map(({ what }) => `F: ${what}`), ...keys.map((key) => `F: left in Redis: ${key}`)];
}

async function keysLeft(redis: Redis): Promise<string[]> {
  const keys = await keysOf(redis);
  const left = keys.filter((key) => (key.startsWith("{lanes}:") ? !lasting.test(key) : standing.test(key)));
  return left.toSorted();
}
