import type { DispatchableJob, LaneTermsRow } from "@understudy/contracts";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { agentQueue, deliveryId, type JobPayload, readDeliveryId } from "./agent-queue.ts";
import { type LaneBacklog, laneBacklog } from "./lanes/lane-backlog.ts";
import { Lanes, type Move, type Placement, type Released } from "./lanes/lanes.ts";

/** Finished deliveries are kept for operators, who look at them in Bull Board. Nothing hangs on them. */
const keepCompleted = { age: 600, count: 10_000 };
const keepFailed = { age: 86_400, count: 10_000 };

/** Of BullMQ; lower goes first. Within its creator's lane a job has had its own priority before. */
const priorities = { isNew: 1, usual: 2 };

/** Jobs in an agent's queue. */
interface QueueDepth {
  /** A worker takes them as soon as it has room. */
  waiting: number;
  /** Before another attempt, until their pause is over. */
  delayed: number;
}

/** What waits in lanes and queues; counts of jobs. */
export interface Backlog extends LaneBacklog {
  /** In the queue of each agent. */
  queues: ReadonlyMap<string, QueueDepth>;
}

/** Lets jobs into lanes, and adds those that may start to their agents' queues. */
export class Dispatcher {
  readonly lanes: Lanes;
  readonly #redis: Redis;
  readonly #agents: readonly string[];
  readonly #queues = new Map<string, Queue<JobPayload>>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param redis a producer connection, closed by its owner
   * @param expectedCalls of a job of each agent: what it counts of its creator's share. Nothing of other agents is handed out
   * @param freeSlots how many more jobs this process could run now; none where it runs none
   */
  constructor(redis: Redis, expectedCalls: Readonly<Record<string, number>>, freeSlots?: () => number) {
    this.#redis = redis;
    this.#agents = Object.keys(expectedCalls);
    this.lanes = new Lanes(redis, expectedCalls, freeSlots);
  }

  /** The BullMQ queue of an agent. */
  queue(agentName: string): Queue<JobPayload> {
    let queue = this.#queues.get(agentName);
    if (!queue) {
      const { name, prefix } = agentQueue(agentName);
      queue = new Queue<JobPayload>(name, { connection: this.#redis, prefix, skipVersionCheck: true });
      queue.on("error", () => {});
      this.#queues.set(agentName, queue);
    }
    return queue;
  }

  /**
   * Lets jobs into their creators' lanes, and those that have taken their token straight into their queues: it is
   * taken once. A job that stands there already changes nothing.
   * @returns where each stands; undefined for those that need no lane
   * @throws when Redis is away or full: some may have been let in, and all may be again
   */
  async dispatch(jobs: readonly DispatchableJob[]): Promise<(Placement | undefined)[]> {
    if (jobs.length === 0) return [];
    const entering: { job: DispatchableJob; terms: NonNullable<DispatchableJob["terms"]> }[] = [];
    for (const job of jobs) if (job.terms) entering.push({ job, terms: job.terms });
    const again = jobs
      .filter((job) => !job.terms)
      .map((job) => ({ entry: laneEntry(job), creatorId: job.creatorId }));
    const placements = await this.move({
      again,
      enter: entering.map(({ job, terms }) => ({
        creatorId: job.creatorId,
        entry: laneEntry(job),
        priority: job.priority,
        notBefore: job.notBefore,
        terms,
        creatorSince: new Date(terms.creatorSince),
        isPaused: terms.isPaused,
      })),
    });
    const byId = new Map(entering.map(({ job }, index) => [job.id, placements[index]]));
    return jobs.map((job) => byId.get(job.id));
  }

  /** Moves the lanes on, and adds what they release to its queues. @returns where each of `enter` stands */
  async move(move: Move): Promise<Placement[]> {
    this.#requireRedis();
    const moved = await this.lanes.move(move);
    if (moved.nextInMs !== undefined) this.#wakeIn(moved.nextInMs);
    await this.#add(moved.released);
    return moved.entered;
  }

  /**
   * Of jobs that were released, those that no queue will hand out: they stand in none, or in the hands of a worker that is dead.
   * @param isAlive whether the worker of that name lives
   */
  async lost<Lost extends LaneEntryParts>(
    jobs: readonly Lost[],
    isAlive: (workerName: string) => boolean,
  ): Promise<Lost[]> {
    this.#requireRedis();
    const isLost = await Promise.all(
      jobs.map(async (job) => {
        const queue = this.queue(job.agent);
        const state = await queue.getJobState(deliveryId(job));
        // Read after its state: who has it in hand is noted when it is picked.
        if (state === "active") return !isAlive((await queue.getJob(deliveryId(job)))?.processedBy ?? "");
        return state !== "waiting" && state !== "prioritized" && state !== "delayed";
      }),
    );
    return jobs.filter((_, index) => isLost[index]);
  }

  /** Of queued jobs, those that stand neither in their lanes, nor among what was released, nor in a queue. Changes nothing. */
  async absent(jobs: readonly DispatchableJob[]): Promise<DispatchableJob[]> {
    this.#requireRedis();
    const stands = await this.lanes.stand(jobs.map((job) => ({ ...job, entry: laneEntry(job) })));
    return await this.lost(
      jobs.filter((_, index) => !stands[index]),
      () => true,
    );
  }

  /** Whether what is released to an agent's queue is handed out: not where nobody knows the agent, or an operator has paused it. */
  async handsOut(agentName: string): Promise<boolean> {
    this.#requireRedis();
    return this.#agents.includes(agentName) && !(await this.queue(agentName).isPaused());
  }

  /** Applies what creators' terms are now to what waits in their lanes already. */
  async changeTerms(creators: readonly { creatorId: string; terms: LaneTermsRow }[]): Promise<void> {
    await this.move({
      terms: creators.map(({ creatorId, terms }) => ({ creatorId, ...terms })),
      pause: creators.map(({ creatorId, terms }) => ({ creatorId, isPaused: terms.isPaused })),
    });
  }

  /** Takes a job out that waits in its lane, where it does. */
  async remove(
    job: Pick<DispatchableJob, "id" | "generation" | "agent" | "creatorId" | "priority">,
  ): Promise<void> {
    await this.move({
      remove: [{ creatorId: job.creatorId, entry: laneEntry(job), priority: job.priority }],
    });
  }

  /** Notes that deliveries have reached a worker, which makes room for others. */
  async started(jobs: readonly { id: string; generation: number; agent: string }[]): Promise<void> {
    await this.move({ started: jobs.map(laneEntry) });
  }

  /**
   * What waits, where, without changing anything.
   * @param pausedCreators whose jobs wait for their creator to go on
   * @throws where Redis is away
   */
  async backlog(pausedCreators: readonly string[]): Promise<Backlog> {
    this.#requireRedis();
    const [lanes, queues] = await Promise.all([
      laneBacklog(this.#redis, this.#agents, pausedCreators),
      Promise.all(this.#agents.map(async (name) => [name, await this.#depth(name)] as const)),
    ]);
    return { ...lanes, queues: new Map(queues) };
  }

  async #depth(agentName: string): Promise<QueueDepth> {
    const counts = await this.queue(agentName).getJobCounts("waiting", "prioritized", "delayed");
    const { waiting = 0, prioritized = 0, delayed = 0 } = counts;
    return { waiting: waiting + prioritized, delayed };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #add(released: readonly Released[]): Promise<void> {
    if (released.length === 0) return;
    this.#requireRedis();
    const byAgent = new Map<string, Released[]>();
    for (const job of released) {
      const { agent } = readLaneEntry(job.entry);
      const group = byAgent.get(agent);
      if (group) group.push(job);
      else byAgent.set(agent, [job]);
    }
    await Promise.all([...byAgent].map(([agent, group]) => this.queue(agent).addBulk(group.map(delivery))));
  }

  #requireRedis(): void {
    if (this.#redis.status !== "ready") throw new Error(`Redis is away (${this.#redis.status}).`);
  }

  /** Each move tells the soonest of all. Several processes that wake at once release nothing twice. */
  #wakeIn(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.move({}).catch(() => {}), Math.min(Math.ceil(ms), wakeMsMax));
    this.#timer.unref();
  }
}

const wakeMsMax = 1_000;

/** What a lane's entry says. */
interface LaneEntryParts {
  id: string;
  generation: number;
  agent: string;
}

/** A job as it stands in a lane. */
export function laneEntry(job: LaneEntryParts): string {
  return `${deliveryId(job)}|${job.agent}`;
}

/** @throws where it is not one of ours */
export function readLaneEntry(entry: string): LaneEntryParts {
  const [delivery = "", agent = ""] = entry.split("|");
  return { ...readDeliveryId(delivery), agent };
}

function delivery({ entry, creatorId, isNew }: Released) {
  const { id, generation, agent } = readLaneEntry(entry);
  const data: JobPayload = { jobId: id, creatorId, generation };
  return {
    name: agent,
    data,
    opts: {
      jobId: deliveryId({ id, generation }),
      priority: isNew ? priorities.isNew : priorities.usual,
      // What is to be tried again is dispatched anew, when Postgres says so.
      attempts: 1,
      removeOnComplete: keepCompleted,
      removeOnFail: keepFailed,
    },
  };
}
