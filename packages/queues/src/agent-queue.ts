import { creatorId, jobId } from "@understudy/contracts";
import { z } from "zod";

/**
 * The BullMQ queue of an agent. Its braced prefix keeps all keys of the queue in one slot of a Redis Cluster,
 * and different queues in different ones.
 */
export function agentQueue(agentName: string): { name: string; prefix: string } {
  return { name: agentName, prefix: `{agent-${agentName}}` };
}

/**
 * What a queue carries: ids. A public contract between versions: a new field must be optional while jobs of
 * an older version may be in flight. The worker trusts the job's id alone.
 */
export const jobPayload = z.object({
  jobId,
  creatorId,
  /** Under which the job was dispatched; a delivery of an earlier one is void. */
  generation: z.int().min(1),
});

export type JobPayload = z.infer<typeof jobPayload>;

/** BullMQ's id of a job's dispatch. It ignores an id that it still keeps, so each dispatch has a new generation. */
export function deliveryId(job: { id: string; generation: number }): string {
  return `${job.id}-g${job.generation}`;
}

/** @throws where it is not one of ours */
export function readDeliveryId(delivery: string): { id: string; generation: number } {
  const [, id, generation] = /^(job_[0-9A-Za-z]+)-g(\d+)$/.exec(delivery) ?? [];
  if (id === undefined) throw new Error(`Not a delivery of ours: ${delivery}`);
  return { id, generation: Number(generation) };
}
