import { z } from "zod";
import { timeWithOffset } from "./time.ts";

/** A model as its provider names it, with or without `models/` before it. */
export const modelName = z
  .string()
  .regex(
    /^(models\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    "must be a model's name, such as gemini-3.5-flash-lite",
  );

/** What a model is called for: agents name these, never models. */
export const modelRoles = ["draft", "check", "offer", "caption", "explain", "summary", "embed"] as const;
export type ModelRole = (typeof modelRoles)[number];

/** The roles that GEMINI_MODEL comes first in. */
export const textRoles = ["draft", "offer", "caption", "explain", "summary"] as const satisfies ModelRole[];

/** From the least to the most. */
export const thinkingLevels = ["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] as const;
export type ThinkingLevel = (typeof thinkingLevels)[number];

const tokens = z.int().min(0).max(10_000_000);
const names = z.array(z.string().min(1).max(64)).max(50);
const modality = z.enum(["text", "image", "audio", "video", "pdf"]);

const thinking = z.discriminatedUnion("by", [
  z
    .strictObject({ by: z.literal("budget"), min: tokens, max: tokens, canBeOff: z.boolean() })
    .refine(({ min, max }) => min <= max, { path: ["max"], message: "must not be below min" })
    .describe("Thoughts are bounded by a budget, in tokens (Gemini 2.5)."),
  z
    .strictObject({
      by: z.literal("level"),
      levels: z
        .array(z.enum(thinkingLevels))
        .min(1)
        .max(thinkingLevels.length)
        .describe("From the least to the most; the first is sent unless more is asked for."),
      leastRoomTokens: tokens
        .optional()
        .describe(
          "What `maxOutputTokens` leaves for thoughts at the least level: 512 at MINIMAL, else 4,096.",
        ),
    })
    .refine(
      ({ levels }) => levels.every((level, index) => index === 0 || isAbove(level, levels[index - 1])),
      { path: ["levels"], message: "must go from the least to the most, each once" },
    )
    .describe("Thoughts are as many as a level takes, and can't be turned off (since Gemini 3)."),
]);

function isAbove(level: ThinkingLevel, other: ThinkingLevel | undefined): boolean {
  return other !== undefined && thinkingLevels.indexOf(level) > thinkingLevels.indexOf(other);
}

/** What a model is able to do: requests are made from it, so that what the provider refuses is never sent. */
export const modelCapabilities = z.strictObject({
  purpose: z.enum(["generate", "embed"]),
  thinking: thinking.nullable().describe("Null: it does not think, and refuses the setting."),
  outputTokensMax: tokens.describe("Most tokens of output of a request, thoughts counted."),
  unaryOutputTokensMax: tokens
    .optional()
    .describe("Most of a request that is not streamed, where that is less."),
  cacheTokensMin: tokens
    .nullable()
    .describe(
      "Fewest tokens of a prompt's beginning that the provider caches by itself; null where not known.",
    ),
  input: z.array(modality).max(5),
  output: z
    .array(modality)
    .max(5)
    .describe("Only models whose output is text alone are called: others have no rate."),
  structuredOutput: z
    .literal("responseJsonSchema")
    .nullable()
    .describe("The field that takes the answer's schema; null: it takes none."),
  ignored: names.describe("Parameters that are sent in vain."),
  refused: names.describe("Parameters that are answered with 400."),
});

export type ModelCapabilities = z.infer<typeof modelCapabilities>;

export const modelStatuses = ["active", "deprecated", "unavailable", "retired"] as const;

/** An item of `GET /api/ai/admin/models`. */
export const registeredModel = z.object({
  provider: z.string(),
  model: z.string(),
  status: z
    .enum(modelStatuses)
    .describe(
      "`unavailable`: the provider has told a project of ours that it has none; others may have it still.",
    ),
  retiresAt: z.iso.datetime().optional(),
  routedTo: z.string().optional().describe("Who answers in its place, and is paid."),
  capabilities: modelCapabilities,
  source: z.string().describe("Where this was read."),
  seenAt: z.iso.datetime().describe("When it was read."),
  roles: z.array(z.enum(modelRoles)).describe("The roles of all in which it stands."),
});

export type RegisteredModel = z.infer<typeof registeredModel>;

export const modelList = z.object({ items: z.array(registeredModel) });

const instant = timeWithOffset.transform((text) => new Date(text));

/** Body of `PUT /api/ai/admin/models/{provider}/{model}`: what is left out stays. A new one needs `capabilities` and `source`. */
export const modelUpdate = z.strictObject({
  status: z
    .enum(modelStatuses)
    .exclude(["unavailable"])
    .optional()
    .describe("`active` and `deprecated` also let it be tried again where it was unavailable."),
  retiresAt: instant.nullable().optional(),
  routedTo: modelName.nullable().optional(),
  capabilities: modelCapabilities.optional(),
  source: z.string().trim().min(1).max(500).optional(),
  seenAt: instant.optional().describe("Now unless given."),
});

export type ModelUpdate = z.infer<typeof modelUpdate>;

const models = z.array(modelName).min(1).max(10);

/** The same of each role. */
function byRole<Schema extends z.ZodType>(schema: Schema): Record<ModelRole, Schema> {
  return Object.fromEntries(modelRoles.map((role) => [role, schema])) as Record<ModelRole, Schema>;
}

/** Models of each role, the first that can be called answers; of a creator or a plan only what differs. */
export const ownRoleModels = z.strictObject(byRole(models.optional()));

export type OwnRoleModels = z.infer<typeof ownRoleModels>;

/** Query of `GET` and `PUT /api/ai/admin/roles`. */
export const rolesQuery = z.strictObject({
  plan: z.string().min(1).max(32).optional().describe("Of that plan's jobs alone, where they differ."),
});

/** Body of `PUT /api/ai/admin/roles`: a role that is left out stays; null takes a plan's own away. */
export const rolesUpdate = z.strictObject({
  roles: z.strictObject(byRole(models.nullable().optional())),
});

export type RolesUpdate = z.infer<typeof rolesUpdate>;

/** `GET /api/ai/admin/roles`: of a plan only what differs. */
export const roles = z.object({ roles: ownRoleModels });

export type Roles = z.infer<typeof roles>;
