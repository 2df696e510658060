import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

/** One slot of a Redis Cluster: releasing a job touches the creators' and the common keys at once. */
const tag = "{lanes}:";

/** What lies in each, keys.lua tells. In the order of the scripts' keys. */
export const laneKeys = {
  ready: `${tag}ready`,
  parked: `${tag}parked`,
  released: `${tag}released`,
  state: `${tag}state`,
  timed: `${tag}timed`,
  /** Of the creators' own keys. */
  prefix: tag,
};

/** The key of a creator's lane: its entries, by priority, then order of arrival. */
export function laneOf(creatorId: string): string {
  return `${tag}lane:${creatorId}`;
}

const looking = ["keys", "bucket"];
const moving = [...looking, "terms", "fair-order", "state", "lane"];

/** What each script is joined of. The number in its name is that of its keys, which come first among its arguments. */
const scripts = {
  moveLanes: [...moving, "move-6"],
  laneBacklog: [...looking, "backlog-6"],
  lookAtLane: [...looking, "look-6"],
};
type ScriptName = keyof typeof scripts;

const keys = Object.values(laneKeys);

/** Makes a script a command of a connection, where it is none yet. */
export function defineLaneScript(redis: Redis, name: ScriptName): void {
  if (!(name in redis)) redis.defineCommand(name, { numberOfKeys: keys.length, lua: textOf(scripts[name]) });
}

/** Runs a script of this folder on the lanes; its header tells of request and answer. */
export async function runLaneScript<Answer>(
  redis: Redis,
  name: ScriptName,
  request: object,
): Promise<Answer> {
  defineLaneScript(redis, name);
  const commands = redis as unknown as Record<ScriptName, (...args: string[]) => Promise<Answer>>;
  return await commands[name](...keys, JSON.stringify(request));
}

function textOf(pieces: readonly string[]): string {
  return pieces.map((piece) => readFileSync(new URL(`./${piece}.lua`, import.meta.url), "utf8")).join("\n");
}
