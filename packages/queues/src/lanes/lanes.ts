import type { Redis } from "ioredis";
import { defineLaneScript, laneKeys, laneOf, runLaneScript } from "./lane-scripts.ts";

/** What bounds and weighs a creator's jobs: of its plan, or its own. */
export interface LaneTerms {
  ratePerHour: number;
  burst: number;
  /** Share where capacity is scarce, against the other creators. */
  weight: number;
}

/** A job that is to wait for its turn. */
export interface LaneEntry {
  creatorId: string;
  /** `<delivery id>|<agent>`. */
  entry: string;
  /** 1 goes first, within the creator's lane. */
  priority: number;
  notBefore: Date | null;
  terms: LaneTerms;
  /** A bucket that is missing is full for a creator that is newer than this Redis, and else empty. */
  creatorSince: Date;
  isPaused: boolean;
}

/** What a creator's bucket and lane are like. Times in ms since 1970, by the clock of Redis. */
export interface LaneView {
  /** Jobs in the lane. */
  waiting: number;
  /** Tokens that are there now. */
  tokens: number;
  /** When the next token is there: not later than now while there are some. */
  nextTokenAt: number;
  /** One token comes each so many ms. */
  interval: number;
  burst: number;
  isPaused: boolean;
  now: number;
}

/** Where a job stands. */
export interface Placement extends LaneView {
  /** Jobs of the creator that go first; undefined where it does not stand in the lane (any more). */
  position: number | undefined;
}

export interface Released {
  entry: string;
  creatorId: string;
  /** The creator had nothing waiting for its share: such a job goes first in its queue. */
  isNew: boolean;
}

export interface Move {
  enter?: LaneEntry[];
  /** Have taken their token before: they are released at once, past their lane. */
  again?: { creatorId: string; entry: string }[];
  started?: string[];
  remove?: { creatorId: string; entry: string; priority: number }[];
  terms?: ({ creatorId: string } & LaneTerms)[];
  pause?: { creatorId: string; isPaused: boolean }[];
}

export interface Moved {
  released: Released[];
  /** In the order of `enter`. */
  entered: Placement[];
  /** In so many ms something may be released without anything happening before; undefined: nothing waits for a time. */
  nextInMs: number | undefined;
}

const hourMs = 3_600_000;

/** Released and not started, at least, also where all workers are busy: that is what a newcomer may find before it. */
const depthMin = 4;

/** The answer of move-6.lua. */
interface MoveAnswer {
  released?: [entry: string, creatorId: string, isNew: number][];
  entered?: [waiting: number, rank: number, nextTokenAt: string, interval: number, tokens: number][];
  nextAt: string;
  now: string;
}

/** The answer of look-6.lua. */
type LookAnswer = [waiting: number, rank: number | null, tokens: number, nextTokenAt: string, now: string];

/**
 * One lane for each creator, for all agents: its jobs wait there for a token of its bucket and for their turn, and are
 * added to a queue only when they may start.
 */
export class Lanes {
  readonly #redis: Redis;
  readonly #calls: Readonly<Record<string, number>>;
  readonly #freeSlots: () => number;

  /**
   * @param redis closed by its owner
   * @param calls that a job of an agent is expected to make: what it counts of its creator's share
   * @param freeSlots how many more jobs this process could run now: so many may be released at least
   */
  constructor(redis: Redis, calls: Readonly<Record<string, number>>, freeSlots: () => number = () => 0) {
    defineLaneScript(redis, "moveLanes");
    this.#redis = redis;
    this.#calls = calls;
    this.#freeSlots = freeSlots;
  }

  /** Takes note of what has changed, and releases what may start: what is released must be added to its queue. */
  async move(move: Move): Promise<Moved> {
    const { enter = [], again = [], started = [], remove = [], terms = [], pause = [] } = move;
    const request = {
      enter: enter.map((entry) => [
        entry.creatorId,
        entry.entry,
        entry.priority,
        entry.notBefore?.getTime() ?? 0,
        intervalMs(entry.terms),
        entry.terms.burst,
        entry.terms.weight,
        entry.creatorSince.getTime(),
        entry.isPaused ? 1 : 0,
      ]),
      again: again.map(({ entry, creatorId }) => [entry, creatorId]),
      started,
      remove: remove.map((gone) => [gone.creatorId, gone.entry, gone.priority]),
      terms: terms.map((change) => [change.creatorId, intervalMs(change), change.burst, change.weight]),
      pause: pause.map((change) => [change.creatorId, change.isPaused ? 1 : 0]),
      calls: this.#calls,
      depthMin: Math.max(depthMin, this.#freeSlots()),
    };
    const answer = JSON.parse(await runLaneScript<string>(this.#redis, "moveLanes", request)) as MoveAnswer;
    const [now, nextAt] = [Number(answer.now), Number(answer.nextAt)];
    return {
      released: (answer.released ?? []).map(([entry, creatorId, isNew]) => ({
        entry,
        creatorId,
        isNew: isNew === 1,
      })),
      entered: (answer.entered ?? []).map(([waiting, rank, nextTokenAt, interval, tokens], index) => ({
        waiting,
        position: rank < 0 ? undefined : rank,
        nextTokenAt: Number(nextTokenAt),
        interval,
        burst: enter[index]?.terms.burst ?? 0,
        tokens,
        isPaused: enter[index]?.isPaused ?? false,
        now,
      })),
      nextInMs: nextAt === 0 ? undefined : Math.max(0, nextAt - now),
    };
  }

  /** Whether each job stands in its lane, at a time, or among what was released. */
  async stand(jobs: readonly { creatorId: string; entry: string; priority: number }[]): Promise<boolean[]> {
    const pipeline = this.#redis.pipeline();
    for (const { creatorId, entry, priority } of jobs) {
      pipeline.zscore(laneOf(creatorId), entry);
      pipeline.zscore(laneKeys.timed, `${entry}|${priority}|${creatorId}`);
      pipeline.zscore(laneKeys.released, entry);
    }
    const scores = (await pipeline.exec()) ?? [];
    return jobs.map((_, index) =>
      scores.slice(3 * index, 3 * index + 3).some(([error, score]) => {
        if (error) throw error;
        return score !== null;
      }),
    );
  }

  /**
   * A creator's bucket and lane, and where one of its jobs stands, without taking a token.
   * @param terms what counts where the creator has no bucket yet
   */
  async look(
    creatorId: string,
    terms: LaneTerms & { creatorSince: string; isPaused: boolean },
    entry = "",
  ): Promise<Placement> {
    const interval = intervalMs(terms);
    const { burst, isPaused } = terms;
    const request = { creator: creatorId, entry, interval, burst, createdAt: Date.parse(terms.creatorSince) };
    const answer = await runLaneScript<LookAnswer>(this.#redis, "lookAtLane", request);
    const [waiting, rank, tokens, nextTokenAt, now] = answer;
    return {
      waiting,
      position: rank ?? undefined,
      tokens,
      nextTokenAt: Number(nextTokenAt),
      interval,
      burst,
      isPaused,
      now: Number(now),
    };
  }

  /** Entries that were released `ageMs` ago and are not known to have started. */
  async overdue(ageMs: number, limit: number): Promise<string[]> {
    const [seconds] = await this.#redis.time();
    return this.#redis.zrangebyscore(
      laneKeys.released,
      "-inf",
      Number(seconds) * 1000 - ageMs,
      "LIMIT",
      0,
      limit,
    );
  }

  /** Notes of released entries that they were seen to: they are overdue again after as long. */
  async seen(entries: readonly string[]): Promise<void> {
    if (entries.length === 0) return;
    const [seconds] = await this.#redis.time();
    const scores = entries.flatMap((entry) => [Number(seconds) * 1000, entry]);
    await this.#redis.zadd(laneKeys.released, "XX", ...scores);
  }

  /** How many jobs of an agent wait in lanes. */
  async waitingOf(agent: string): Promise<number> {
    return Number((await this.#redis.hget(laneKeys.state, `waiting:${agent}`)) ?? 0);
  }
}

function intervalMs({ ratePerHour }: LaneTerms): number {
  return hourMs / ratePerHour;
}
