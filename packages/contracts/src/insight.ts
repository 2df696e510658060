import { z } from "zod";
import { fanId } from "./ids.ts";
import { usd } from "./money.ts";

/** One fact that an agent learned, or a reply that the creator really sent, as the API gives it. */
export const insight = z.object({
  id: z.string(),
  /** `creator`: for this one alone. `everyone`: learned for all, with nothing personal in it. */
  scope: z.enum(["creator", "everyone"]),
  /** Whom it tells of. */
  fanId: z.string().optional(),
  /** Id of the agent that learned it. */
  source: z.string(),
  type: z.string(),
  /** 0 to 1, as it is now: it decays by 0.8 for each 30 days. */
  confidence: z.number().min(0).max(1),
  text: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** How often results in which it was used did well, and did not. */
  outcomes: z.object({ good: z.int(), bad: z.int() }),
  expiresAt: z.iso.datetime().optional(),
  createdAt: z.iso.datetime(),
});

export type Insight = z.infer<typeof insight>;

/** Query of `GET /api/ai/creators/{id}/insights`: the latest first. */
export const insightsQuery = z.strictObject({
  /** The creator's own unless given. */
  scope: z.enum(["creator", "everyone"]).default("creator"),
  type: z.string().min(1).max(64).optional(),
  /** Those that tell of this fan. */
  fanId: fanId.optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const feedbackOutcomes = ["sent", "edited", "rejected", "converted"] as const;

/** Body of `POST /api/ai/jobs/{id}/feedback`: what the app did with the result. A later one replaces it. */
export const jobFeedback = z
  .strictObject({
    outcome: z.enum(feedbackOutcomes),
    /** What was really sent; of an edited reply it must be given. */
    text: z.string().min(1).max(8000).optional(),
    /** What the fan paid. */
    amountUsd: usd.optional(),
  })
  .refine(({ outcome, text }) => outcome !== "edited" || text !== undefined, {
    path: ["text"],
    message: "must say what was really sent",
  });

export type JobFeedback = z.infer<typeof jobFeedback>;

/** Its answer. */
export const notedFeedback = z.object({ jobId: z.string(), ...jobFeedback.shape });

/** What `DELETE /api/ai/creators/{id}/fans/{fanId}` answers: how much was erased of each kind. */
export const erasedFan = z.object({
  creatorId: z.string(),
  fanId: z.string(),
  /** Jobs whose input, result and metadata are gone; what they cost stays on record. */
  jobs: z.int(),
  /** Of those, jobs that had not ended: they are cancelled. */
  cancelled: z.int(),
  steps: z.int(),
  insights: z.int(),
  feedback: z.int(),
  /** Events about the fan's jobs that had not been told yet; they tell of an erased job now. */
  events: z.int(),
  /** Buffers of streams that were kept for readers. */
  streams: z.int(),
  /** Whether there was a summary of the conversation. */
  memory: z.boolean(),
});

export type ErasedFan = z.infer<typeof erasedFan>;
