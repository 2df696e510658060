import { z } from "zod";
import { fanId } from "./ids.ts";
import { usd } from "./money.ts";

/** One fact that an agent learned, or a reply that the creator really sent, as the API gives it. */
export const insight = z.object({
  id: z.string(),
  scope: z
    .enum(["creator", "everyone"])
    .describe("`creator`: for this one alone. `everyone`: learned for all, with nothing personal in it."),
  fanId: z.string().optional().describe("Whom it tells of."),
  source: z.string().describe("Id of the agent that learned it."),
  type: z.string(),
  confidence: z.number().min(0).max(1).describe("0 to 1, as it is now: it decays by 0.8 for each 30 days."),
  text: z.string(),
  data: z.record(z.string(), z.unknown()),
  outcomes: z
    .object({ good: z.int(), bad: z.int() })
    .describe("How often results in which it was used did well, and did not."),
  expiresAt: z.iso.datetime().optional(),
  createdAt: z.iso.datetime(),
});

export type Insight = z.infer<typeof insight>;

/** Query of `GET /api/ai/creators/{id}/insights`: the latest first. */
export const insightsQuery = z.strictObject({
  scope: z.enum(["creator", "everyone"]).default("creator").describe("The creator's own unless given."),
  type: z.string().min(1).max(64).optional(),
  fanId: fanId.optional().describe("Those that tell of this fan."),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const feedbackOutcomes = ["sent", "edited", "rejected", "converted"] as const;

/** Body of `POST /api/ai/jobs/{id}/feedback`: what the app did with the result. A later one replaces it. */
export const jobFeedback = z
  .strictObject({
    outcome: z.enum(feedbackOutcomes),
    text: z
      .string()
      .min(1)
      .max(8000)
      .optional()
      .describe("What was really sent; of an edited reply it must be given."),
    amountUsd: usd.optional().describe("What the fan paid."),
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
  jobs: z.int().describe("Jobs whose input, result and metadata are gone; what they cost stays on record."),
  cancelled: z.int().describe("Of those, jobs that had not ended: they are cancelled."),
  steps: z.int(),
  insights: z.int(),
  feedback: z.int(),
  events: z
    .int()
    .describe("Events about the fan's jobs that had not been told yet; they tell of an erased job now."),
  streams: z.int().describe("Buffers of streams that were kept for readers."),
  memory: z.boolean().describe("Whether there was a summary of the conversation."),
});

export type ErasedFan = z.infer<typeof erasedFan>;
