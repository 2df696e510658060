import type { Redis } from "ioredis";
import { laneOf, runLaneScript } from "./lane-scripts.ts";

/** What waits in the lanes; counts of jobs. */
export interface LaneBacklog {
  /** In all lanes, by agent. */
  waiting: ReadonlyMap<string, number>;
  /** Not in a lane yet: before their time. */
  timed: number;
  /** Of creators that are paused. */
  paused: number;
  /** For which there is a token; an estimate where more creators have one than are looked at. */
  startable: number;
  /** The first job of each creator that was looked at, and for how long there has been a token for it. */
  heads: { entry: string; tokenSeconds: number }[];
  /** How long the longest of the released jobs waits for a worker; 0: there is none. */
  releasedSeconds: number;
}

/** The answer of backlog-6.lua. */
interface BacklogAnswer {
  waiting?: number[];
  timed: number;
  ready: number;
  releasedMs: number;
  looked: number;
  startable: number;
  heads?: [entry: string, tokenMs: number][];
}

/** So many creators are looked at in under a millisecond. */
const sample = 250;

/**
 * Looks at all lanes without changing anything; costs the same however much waits.
 * @param pausedCreators whose jobs wait for their creator to go on
 * @throws where Redis is away
 */
export async function laneBacklog(
  redis: Redis,
  agents: readonly string[],
  pausedCreators: readonly string[],
): Promise<LaneBacklog> {
  const [text, paused] = await Promise.all([
    runLaneScript<string>(redis, "laneBacklog", { sample, agents }),
    lanesOf(redis, pausedCreators),
  ]);
  const answer = JSON.parse(text) as BacklogAnswer;
  const { looked, startable, heads = [] } = answer;
  return {
    waiting: new Map(agents.map((agent, index) => [agent, answer.waiting?.[index] ?? 0])),
    timed: answer.timed,
    paused,
    // Of creators whose token came just now, and who are not in line yet, nothing more is known: one job each.
    startable:
      looked < sample ? startable + answer.ready - looked : Math.round((startable * answer.ready) / looked),
    heads: heads.map(([entry, tokenMs]) => ({ entry, tokenSeconds: tokenMs / 1000 })),
    releasedSeconds: answer.releasedMs / 1000,
  };
}

/** How many jobs wait in the lanes of these creators. */
async function lanesOf(redis: Redis, creators: readonly string[]): Promise<number> {
  const pipeline = redis.pipeline();
  for (const creatorId of creators) pipeline.zcard(laneOf(creatorId));
  const lengths = (await pipeline.exec()) ?? [];
  return lengths.reduce((sum, [error, length]) => {
    if (error) throw error;
    return sum + Number(length);
  }, 0);
}
