import type { JobPayload } from "@understudy/queues";
import { z } from "zod";

/** Plain BullMQ; a check of the bucket at every pick; ours. */
export const designs = ["fifo", "recheck", "lanes"] as const;
export type Design = (typeof designs)[number];

/** One of ours whose jobs count as one call each. */
export const fairAgent = "messaging";

/** All designs' jobs carry the same. */
export type FairJob = JobPayload;

/** What a worker process is given. */
export const fairWorkerOptions = z.object({
  redisUrl: z.string(),
  design: z.enum(designs),
  jobMs: z.number(),
  concurrency: z.int(),
  /** Of every creator's bucket, where the worker checks it: ms a token, and how many it holds. */
  interval: z.number(),
  burst: z.int(),
});

/** What a worker process tells, again and again. */
export const startsNote = z.object({
  /** Since the last note: how often BullMQ handed it a job. */
  picks: z.int(),
  /** ms since 1970, with fractions. */
  starts: z.array(z.tuple([z.string(), z.string(), z.number()])),
});
export type StartsNote = z.infer<typeof startsNote>;
