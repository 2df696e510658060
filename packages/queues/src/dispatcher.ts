import { findAgent } from "@understudy/agents";
import type { DispatchableJob } from "@understudy/contracts";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { agentQueue, deliveryId, type JobPayload } from "./agent-queue.ts";

/** Finished deliveries are kept a while: adding one again, after a lost acknowledgement, must change nothing. */
const keepCompleted = { age: 600, count: 10_000 };
const keepFailed = { age: 86_400, count: 10_000 };

/** First pause before another attempt; it doubles each time, with full jitter. */
const backoffMs = 1_000;

/** Puts jobs into their agents' queues. */
export class Dispatcher {
  readonly #redis: Redis;
  readonly #queues = new Map<string, Queue<JobPayload>>();

  /** @param redis a producer connection, closed by its owner */
  constructor(redis: Redis) {
    this.#redis = redis;
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
   * Adds jobs to their queues. Adding one that stands there already changes nothing.
   * @throws when Redis is away or full: some may have been added, and all may be added again
   */
  async dispatch(jobs: readonly DispatchableJob[]): Promise<void> {
    if (jobs.length === 0) return;
    if (this.#redis.status !== "ready") throw new Error(`Redis is away (${this.#redis.status}).`);
    const byAgent = new Map<string, DispatchableJob[]>();
    for (const job of jobs) {
      const group = byAgent.get(job.agent);
      if (group) group.push(job);
      else byAgent.set(job.agent, [job]);
    }
    await Promise.all([...byAgent].map(([agent, group]) => this.queue(agent).addBulk(group.map(delivery))));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
  }
}

function delivery(job: DispatchableJob) {
  const { id, agent, creatorId, generation, priority, notBefore } = job;
  const data: JobPayload = { jobId: id, creatorId, generation };
  return {
    name: agent,
    data,
    opts: {
      jobId: deliveryId(job),
      priority,
      ...(notBefore && { delay: Math.max(0, notBefore.getTime() - Date.now()) }),
      attempts: findAgent(agent)?.queue.attempts ?? 1,
      backoff: { type: "exponential", delay: backoffMs, jitter: 1 },
      removeOnComplete: keepCompleted,
      removeOnFail: keepFailed,
    },
  };
}
