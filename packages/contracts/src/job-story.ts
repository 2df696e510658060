import { z } from "zod";
import { call } from "./call.ts";
import { job } from "./job.ts";
import { webhookDelivery } from "./webhook.ts";

const isoTime = z.iso.datetime();

/** How a job had ended before it was retried. */
const earlierEnd = z.object({
  status: z.literal("failed"),
  error: job.shape.error.unwrap(),
  finishedAt: isoTime,
});

/** All that is known of a job but what was asked and the words of its steps: `GET /api/ai/admin/jobs/{id}`. */
export const jobStory = z.object({
  job,
  fanId: z.string().optional(),
  /** 1 runs first. */
  priority: z.int(),
  notBefore: isoTime.optional(),
  expiresAt: isoTime.optional(),
  /** Attempts whose worker died, since it was last retried. */
  crashes: z.int(),
  /** Key of the step whose answer could not be used. */
  failedStep: z.string().optional(),
  /** What is finished, and neither done nor paid again. */
  steps: z.array(z.object({ key: z.string(), agentId: z.string(), createdAt: isoTime })),
  /** Of all attempts, in the order of their start. */
  calls: z.array(call),
  /** What the agents found in what is known, and what they learned; without those that are gone since. */
  insights: z.array(
    z.object({
      id: z.string(),
      /** found: shown to an agent. used: the result says that it helped. learned: by this job. */
      role: z.enum(["found", "used", "learned"]),
      /** Id of the agent that learned it. */
      source: z.string(),
      type: z.string(),
      text: z.string(),
      createdAt: isoTime,
    }),
  ),
  /** What the app made of the result. */
  feedback: z.object({ outcome: z.string(), createdAt: isoTime }).optional(),
  /** One for each of its ends, the first one first, as long as they are kept. */
  events: z.array(
    z.object({
      /** `webhook-id` */
      id: z.string(),
      type: z.string(),
      createdAt: isoTime,
      publishedAt: isoTime.optional(),
      /** Of an end that was not the last. */
      end: earlierEnd.optional(),
      deliveries: z.array(webhookDelivery.extend({ endpointId: z.string() })),
    }),
  ),
});

export type JobStory = z.infer<typeof jobStory>;
