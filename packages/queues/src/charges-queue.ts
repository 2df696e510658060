import { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** The queue of the ticks that close months. Braced, as those of agents are: one slot of a Redis Cluster. */
export const chargesQueue = { name: "charges", prefix: "{charges}" };

const schedulerId = "close-months";

/** Often, since a tick that Redis lost is made up for by the next: what is due is decided from Postgres. */
const everyMs = 60_000;

/** @param redis a producer connection, closed by its owner */
export function openChargesQueue(redis: Redis): Queue {
  const queue = new Queue(chargesQueue.name, {
    connection: redis,
    prefix: chargesQueue.prefix,
    skipVersionCheck: true,
    defaultJobOptions: { removeOnComplete: { count: 100 }, removeOnFail: { count: 1_000 } },
  });
  queue.on("error", () => {});
  return queue;
}

/**
 * Makes sure that the ticks come: a Redis that is new or was wiped has no scheduler. The first comes at once.
 * @returns whether the scheduler was missing
 * @throws when Redis is away
 */
export async function scheduleCharges(queue: Queue): Promise<boolean> {
  if (await queue.getJobScheduler(schedulerId)) return false;
  await queue.upsertJobScheduler(schedulerId, { every: everyMs }, { name: schedulerId });
  return true;
}

/** The tick that waited when a queue was last looked at, and when that was. */
const lookedAt = new WeakMap<Queue, { at: number; tick: string | undefined }>();

/**
 * Lets a tick come now that waits for longer than ticks do. BullMQ has it due by the wall clock of the worker
 * that set it: one a year ahead would keep months open for a year.
 * @param pauseMs between two looks, in which another tick has its turn
 * @throws when Redis is away
 */
export async function hurryCharges(queue: Queue, pauseMs = 2 * everyMs): Promise<void> {
  const before = lookedAt.get(queue);
  if (before && performance.now() - before.at < pauseMs) return;
  const [waiting] = await queue.getDelayed(0, 0);
  lookedAt.set(queue, { at: performance.now(), tick: waiting?.id });
  if (waiting?.id !== undefined && waiting.id === before?.tick) await waiting.promote();
}
