import { z } from "zod";
import { creator, creatorLimits, creatorsQuery } from "./creator.ts";
import { providers, waitingFor } from "./job.ts";
import { quota } from "./quota.ts";

/** Answer of `GET /api/ai/admin/overview`: what an operator looks at first. */
export const overview = z.object({
  at: z.iso.datetime(),
  /** Who answers, as far as the settings tell: an emulated reply is never passed off as Gemini's. */
  provider: z.enum(providers),
  /** Of agents that name none. */
  defaultModel: z.string(),
  /** What all creators together may spend in a month; null is no bound. */
  platformQuotaUsd: z.string().nullable(),
  /** The last 60 minutes, the oldest first; the last one is not over yet. */
  minutes: z.array(
    z.object({
      /** When it began. */
      at: z.iso.datetime(),
      /** Jobs that were accepted in it. */
      accepted: z.int(),
      /** Jobs that ended in it as `completed`. */
      completed: z.int(),
      /** Jobs that ended in it as `failed` or `blocked`. */
      failed: z.int(),
    }),
  ),
  /** Queued jobs, by what they wait for. */
  waiting: z.object({
    total: z.int(),
    byCause: z.partialRecord(waitingFor, z.int()),
  }),
  running: z.int(),
  /** Jobs that ended in the last 24 hours. */
  lastDay: z.object({ completed: z.int(), failed: z.int(), blocked: z.int(), cancelled: z.int() }),
  /** Why jobs failed or were blocked in the last 24 hours, the most frequent first. */
  failures: z.array(z.object({ code: z.string(), jobs: z.int(), latestAt: z.iso.datetime() })),
});

export type Overview = z.infer<typeof overview>;

/** A creator with their account of the month and their lane: an item of `GET /api/ai/admin/creators`. */
export const creatorAccount = z.object({
  creator,
  quota,
  /** Null: Redis, which holds the buckets, is away. */
  limits: creatorLimits.nullable(),
});

export type CreatorAccount = z.infer<typeof creatorAccount>;

/** Query of `GET /api/ai/admin/creators`. */
export const creatorAccountsQuery = creatorsQuery.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
