import { z } from "zod";
import { ownRoleModels } from "./model.ts";
import { usd } from "./money.ts";

/** How fast a creator may start jobs. */
export const bucket = z.strictObject({
  ratePerHour: z.number().positive().max(100_000_000),
  burst: z.int().min(1).max(1_000_000),
});

/** How the creator sounds, for the agents that write in their name. */
export const creatorProfile = z.strictObject({
  displayName: z.string().min(1).max(100).optional(),
  voice: z.string().max(2000).optional(),
  dos: z.array(z.string().max(500)).max(50).optional(),
  donts: z.array(z.string().max(500)).max(50).optional(),
  languages: z.array(z.string().max(35)).max(20).optional(),
  prices: z.record(z.string().min(1).max(100), usd).optional(),
  sampleReplies: z.array(z.string().max(2000)).max(50).optional(),
});

export type CreatorProfile = z.infer<typeof creatorProfile>;

/** Body of `PUT /api/ai/creators/{id}`: what is left out stays; null goes back to the plan. */
export const creatorUpdate = z.strictObject({
  plan: z.string().min(1).max(32).optional(),
  bucket: bucket.nullable().optional(),
  quotaUsd: usd.nullable().optional(),
  roles: ownRoleModels
    .nullable()
    .optional()
    .describe("Models that answer for this creator's jobs, all that differ; null: as for all."),
  profile: creatorProfile.optional(),
});

export type CreatorUpdate = z.infer<typeof creatorUpdate>;

/** Query of `GET /api/ai/creators`: in order of their ids; `q` is a part of the id. */
export const creatorsQuery = z.strictObject({
  q: z.string().min(1).max(64).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** What `GET /api/ai/creators/{id}/limits` tells, without taking a token. */
export const creatorLimits = z.object({
  ratePerHour: z.number(),
  burst: z.int(),
  remaining: z.int().describe("Tokens that are there now."),
  nextTokenAt: z.iso.datetime().describe("When the next token is there, or since when one is."),
  waiting: z.int().describe("Jobs in the creator's lane."),
  paused: z.boolean().describe("An operator holds its jobs back."),
});

export type CreatorLimits = z.infer<typeof creatorLimits>;

export const creator = z.object({
  id: z.string(),
  plan: z.string(),
  bucket: z
    .object({ ratePerHour: z.number(), burst: z.int() })
    .describe("The one in force: the creator's own, else the plan's."),
  quotaUsd: usd.nullable().describe("The one in force; null is no quota."),
  overrides: z.array(z.enum(["bucket", "quotaUsd"])).describe("Which of the two are the creator's own."),
  roles: ownRoleModels.optional().describe("Models that answer for this creator's jobs, where they differ."),
  profile: creatorProfile.optional(),
  pausedAt: z.iso.datetime().optional().describe("Since when an operator holds its jobs back."),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type Creator = z.infer<typeof creator>;

/** Plan and overrides that a creator had before: `validFrom` is included, `validTo` is not. */
export const pastCreatorTerms = z.object({
  plan: z.string(),
  bucket: bucket.nullable().describe("Null: the plan's."),
  quotaUsd: usd.nullable().describe("Null: the plan's."),
  validFrom: z.iso.datetime(),
  validTo: z.iso.datetime(),
});

export type PastCreatorTerms = z.infer<typeof pastCreatorTerms>;
