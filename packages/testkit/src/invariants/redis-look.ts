import type { Redis } from "ioredis";

/** All keys of lanes and queues. */
export async function keysOf(redis: Redis): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of redis.scanStream({ match: "{*}:*", count: 1_000 }))
    keys.push(...(page as string[]));
  return keys;
}

/** What stands in lanes and queues at a moment. */
export interface Standing {
  /** In ms by Redis' clock, read before all else: what stands in a lane had not been released by then. */
  at: number;
  /** When this run of Redis was first used, in ms; undefined where it never was. */
  born: number | undefined;
  /** Deliveries that wait in a lane, or there for a time, each with its creator. */
  inLanes: Map<string, string>;
  /** Deliveries that were released, with the time of that: it may have been moved on since, never back. */
  released: Map<string, number>;
  /** Deliveries in queues: waiting, or in hand under a lock. */
  inQueues: Set<string>;
  /** Deliveries that were found in more than one of these places, with their keys. */
  twice: Map<string, string>;
}

/** Looks through all lanes and queues of agents. */
export async function readStanding(redis: Redis): Promise<Standing> {
  const [seconds, microseconds] = await redis.time();
  const [run, born] = await redis.hmget("{lanes}:state", "run", "born");
  const isUsed = run && (await redis.info("server")).includes(`run_id:${run}`);
  const standing: Standing = {
    at: Number(seconds) * 1_000 + Number(microseconds) / 1_000,
    born: isUsed ? Number(born) : undefined,
    inLanes: new Map(),
    released: new Map(),
    inQueues: new Set(),
    twice: new Map(),
  };
  const places = new Map<string, string>();
  const note = (delivery: string, key: string) => {
    const other = places.get(delivery);
    if (other !== undefined) standing.twice.set(delivery, `${other} and ${key}`);
    places.set(delivery, key);
  };
  const putInLane = (entry: string, creatorId: string, key: string) => {
    note(deliveryOf(entry), key);
    standing.inLanes.set(deliveryOf(entry), creatorId);
  };
  const putInQueue = (id: string, key: string) => {
    note(id, key);
    standing.inQueues.add(id);
  };
  const keys = new Set(await keysOf(redis));
  for (const key of keys) {
    const lane = /^\{lanes\}:lane:(.*)$/.exec(key)?.[1];
    if (lane !== undefined) {
      for (const entry of await redis.zrange(key, "0", "-1")) putInLane(entry, lane, key);
    } else if (/^\{agent-[^}]*\}:[^:]+:(prioritized|delayed)$/.test(key)) {
      for (const id of await redis.zrange(key, "0", "-1")) putInQueue(id, key);
    } else if (/^\{agent-[^}]*\}:[^:]+:(wait|active)$/.test(key)) {
      const base = key.slice(0, key.lastIndexOf(":"));
      const isActive = key.endsWith(":active");
      for (const id of await redis.lrange(key, 0, -1)) {
        if (!isActive || keys.has(`${base}:${id}:lock`)) putInQueue(id, key);
      }
    }
  }
  // "<delivery>|<agent>|<priority>|<creator>"
  for (const entry of await redis.zrange("{lanes}:timed", "0", "-1"))
    putInLane(entry, entry.split("|")[3] ?? "", "{lanes}:timed");
  const released = await redis.zrange("{lanes}:released", "0", "-1", "WITHSCORES");
  for (let index = 0; index < released.length; index += 2)
    standing.released.set(deliveryOf(released[index] ?? ""), Number(released[index + 1]));
  return standing;
}

function deliveryOf(entry: string): string {
  return entry.split("|")[0] ?? "";
}
