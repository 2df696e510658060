import { z } from "zod";
import { modalityDetails, sumTokens, type TokensByModality } from "./tokens.ts";

/**
 * Gemini's `usageMetadata`. `promptTokenCount` contains `cachedContentTokenCount`; the total is prompt +
 * candidates + tool use + thoughts. A rule may put anything else beside these names.
 */
export interface UsageMetadata {
  promptTokenCount?: number | undefined;
  cachedContentTokenCount?: number | undefined;
  candidatesTokenCount?: number | undefined;
  thoughtsTokenCount?: number | undefined;
  toolUsePromptTokenCount?: number | undefined;
  totalTokenCount?: number | undefined;
  [name: string]: unknown;
}

/** What a request's input costs, known before anything is generated. */
export interface PromptUsage {
  tokens: TokensByModality;
  cachedTokens: number;
}

/**
 * As Gemini writes it: counts of nothing are left out.
 * @param output tokens generated so far; left out for what is billed for its input alone
 */
export function usageMetadata(
  prompt: PromptUsage,
  output: { candidatesTokens: number; thoughtsTokens: number } = { candidatesTokens: 0, thoughtsTokens: 0 },
): UsageMetadata {
  const promptTokenCount = sumTokens(prompt.tokens);
  const { candidatesTokens, thoughtsTokens } = output;
  return {
    promptTokenCount,
    ...(candidatesTokens > 0 && { candidatesTokenCount: candidatesTokens }),
    totalTokenCount: promptTokenCount + candidatesTokens + thoughtsTokens,
    ...(prompt.cachedTokens > 0 && { cachedContentTokenCount: prompt.cachedTokens }),
    promptTokensDetails: modalityDetails(prompt.tokens),
    ...(prompt.cachedTokens > 0 && {
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: prompt.cachedTokens }],
    }),
    ...(thoughtsTokens > 0 && { thoughtsTokenCount: thoughtsTokens }),
  };
}

const count = z.int().min(0).optional().catch(undefined);
const readable = z.looseObject({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  toolUsePromptTokenCount: count,
  totalTokenCount: count,
});

/** What an answer's body says of itself. */
export interface Said {
  usage: UsageMetadata | null;
  modelVersion: string | null;
}

export const NOTHING: Said = { usage: null, modelVersion: null };

/** @param body any JSON; of an array what its last element says that says something. What is no count is left out. */
export function readSaid(body: unknown): Said {
  if (Array.isArray(body)) return body.map(readSaid).reduce(latest, NOTHING);
  const { usageMetadata, modelVersion } = (body ?? {}) as { usageMetadata?: unknown; modelVersion?: unknown };
  const usage = readable.safeParse(usageMetadata);
  return {
    usage: usage.data ?? null,
    modelVersion: typeof modelVersion === "string" ? modelVersion.slice(0, 200) : null,
  };
}

/** Usage that names no count never takes the place of one that does. */
export function latest(before: Said, after: Said): Said {
  return {
    usage: hasCounts(after.usage) ? after.usage : before.usage,
    modelVersion: after.modelVersion ?? before.modelVersion,
  };
}

export function hasCounts(usage: UsageMetadata | null): boolean {
  return usage !== null && Object.keys(readable.shape).some((name) => usage[name] !== undefined);
}

/** Of Vertex AI's `trafficType`: what is not named here is billed as standard. */
const TRAFFIC_TIERS: ReadonlyMap<unknown, string> = new Map([
  ["ON_DEMAND", "standard"],
  ["ON_DEMAND_FLEX", "flex"],
  ["ON_DEMAND_PRIORITY", "priority"],
]);

/** The tier that an answer's usage names, as the bill writes it. */
export function tierIn(usage: UsageMetadata | null | undefined): string | undefined {
  const tier = usage?.serviceTier;
  if (typeof tier === "string" && tier !== "") return tier.toLowerCase().slice(0, 40);
  return TRAFFIC_TIERS.get(usage?.trafficType);
}
