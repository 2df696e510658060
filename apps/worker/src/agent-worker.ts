import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "@understudy/agents";
import { agentQueue, type JobPayload, jobPayload } from "@understudy/queues";
import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { LimitFunction } from "p-limit";
import { runAgentJob, type WorkerDependencies } from "./run-agent-job.ts";

/**
 * Longer than a worker's lease, so that load alone loses no lock that matters: only deliveries that were handed out unheard, when
 * a connection died, wait for its end.
 */
const lockMs = 15_000;
const stalledCheckMs = 5_000;

/** A delivery is handed out until it is claimed, or void. */
const stalledCountMax = 1_000_000;

/** After a fault of Redis. */
const runRetryMs = 1_000;

/** Pause of a delivery whose job could not be claimed, for whatever reason. */
const unclaimedMs = 1_000;

/** What all agents' workers of this process share. */
export interface Pool {
  /** Shows in BullMQ who has a delivery in hand: the name of this worker's lease. */
  name: string;
  /** Jobs at once. */
  size: number;
  limit: LimitFunction;
  picked: (agent: string) => void;
  /** BullMQ knows that a delivery has ended. */
  acknowledged: () => void;
  /** Makes room for the release of others. */
  started: (job: { id: string; generation: number; agent: string }) => Promise<unknown>;
}

/** What runs an agent's jobs as its queue hands them out. */
export function agentWorker(
  dependencies: WorkerDependencies,
  agent: Agent,
  connection: Redis,
  pool: Pool,
): Worker<JobPayload, string | undefined> {
  const { name, prefix } = agentQueue(agent.name);
  const worker = new Worker<JobPayload, string | undefined>(
    name,
    (delivery, token) => runDelivery(dependencies, agent, pool, delivery, token),
    {
      connection,
      prefix,
      name: pool.name,
      concurrency: pool.size,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      maxStalledCount: stalledCountMax,
      runRetryDelay: runRetryMs,
      skipVersionCheck: true,
    },
  );
  worker.on("completed", pool.acknowledged).on("failed", pool.acknowledged);
  worker.on("error", (err) =>
    dependencies.logger.warn({ err, queue: name }, "the queue's connection has a fault"),
  );
  return worker;
}

/**
 * Runs one delivery, when there is room for it.
 * @param token of BullMQ, which shows that the delivery is ours
 * @returns what Bull Board shows of it
 * @throws what tells BullMQ that its job has failed, or that it could not be claimed
 */
export async function runDelivery(
  dependencies: WorkerDependencies,
  agent: Agent,
  { limit, picked, started }: Pool,
  delivery: Pick<Job<JobPayload>, "data" | "moveToWait">,
  token?: string,
): Promise<string | undefined> {
  picked(agent.name);
  const payload = jobPayload.safeParse(delivery.data);
  if (!payload.success) throw new UnrecoverableError("The payload is not one of ours.");
  const { jobId, generation } = payload.data;
  let isClaimed = false;
  const onClaimed = () => {
    isClaimed = true;
    void started({ id: jobId, generation, agent: agent.name });
  };
  const run = () => runAgentJob(dependencies, { jobId, generation, agent: agent.name, onClaimed });
  const end = await limit(run).catch(async (err: unknown) => {
    // After a claim whatever is thrown is a fault of ours: the job is taken over when its deadline has passed.
    dependencies.logger.error({ err, jobId, isClaimed }, "a delivery could not be run");
    if (isClaimed) throw err;
    // Held meanwhile: BullMQ's delays go by the wall clocks of two processes, which may differ.
    await sleep(unclaimedMs, undefined, { signal: dependencies.stopping }).catch(() => {});
    await delivery.moveToWait(token);
    throw new WaitingError();
  });
  if (end.kind === "failed") throw new UnrecoverableError(end.reason);
  return end.note;
}
