import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";

/** The queue of tries of webhooks' deliveries. Braced: one slot of a Redis Cluster. */
export const webhooksQueue = { name: "webhooks", prefix: "{webhooks}" };

/**
 * What it carries: ids. A public contract between versions, as `jobPayload` is. The worker asks Postgres whether that
 * try is still to be made.
 */
export const tryPayload = z.object({
  deliveryId: z.string().max(64),
  generation: z.int().min(1),
  /** Those before this one. */
  tries: z.int().min(0),
});

export type TryPayload = z.infer<typeof tryPayload>;

/** BullMQ's id of a try: adding it again changes nothing while it waits or runs. */
export function tryId({ deliveryId, generation, tries }: TryPayload): string {
  return `${deliveryId}-g${generation}-t${tries}`;
}

/** @param redis a producer connection, closed by its owner */
export function openWebhooksQueue(redis: Redis): Queue<TryPayload> {
  const queue = new Queue<TryPayload>(webhooksQueue.name, {
    connection: redis,
    prefix: webhooksQueue.prefix,
    skipVersionCheck: true,
    // Postgres decides on the next try. One that failed here was not made: it must be possible to add it again.
    defaultJobOptions: { attempts: 1, removeOnComplete: { count: 1_000 }, removeOnFail: true },
  });
  queue.on("error", () => {});
  return queue;
}
