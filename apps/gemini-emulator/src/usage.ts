import { modalityDetails, sumTokens, type TokensByModality } from "./tokens.ts";

/**
 * Gemini's `usageMetadata`. `promptTokenCount` contains `cachedContentTokenCount`; the total is prompt +
 * candidates + tool use + thoughts. A rule may put anything else beside these names.
 */
export interface UsageMetadata {
  promptTokenCount?: number;
  cachedContentTokenCount?: number;
  candidatesTokenCount?: number;
  thoughtsTokenCount?: number;
  toolUsePromptTokenCount?: number;
  totalTokenCount?: number;
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
