import { z } from "zod";

/** No request has so many tokens: more is nonsense, and would not fit the columns. */
const tokensMax = 1_000_000_000;
/** `null` is how some proxies write that they don't know. */
const count = z.int().nonnegative().max(tokensMax).nullish().transform(absentIfNull);
const details = z
  .array(z.looseObject({ modality: z.string().nullish(), tokenCount: count }))
  .nullish()
  .transform(absentIfNull);

/** Gemini's `usageMetadata` as far as it costs; what is unknown is let through. */
const usageMetadata = z.looseObject({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  toolUsePromptTokenCount: count,
  totalTokenCount: count,
  promptTokensDetails: details,
  cacheTokensDetails: details,
  candidatesTokensDetails: details,
});

function absentIfNull<Value>(value: Value | null | undefined): Value | undefined {
  return value ?? undefined;
}

/** Tokens of one call, as they are billed. */
export interface TokenCounts {
  /** P: the cached part included. */
  prompt: number;
  /** A: audio in the prompt. */
  promptAudio: number;
  /** C: part of the prompt. */
  cached: number;
  /** CA: audio in the cached part. */
  cachedAudio: number;
  /** X: beside the prompt, billed as input. */
  toolUse: number;
  /** O: without thoughts. */
  output: number;
  /** Part of the output: tokens that the total counts and no field names. */
  unnamed: number;
  /** R: billed as output. */
  thoughts: number;
  /** On the wire the output contained the thoughts. */
  thoughtsInside: boolean;
  /** The usage contradicts itself or leaves open what it cost; these counts are the upper bound. */
  estimated: boolean;
}

/**
 * Reads `usageMetadata` as Gemini sends it.
 *
 * `promptTokenCount` includes the cached part; thoughts and tool use stand beside it. On the wire there is a
 * variant in which `candidatesTokenCount` already contains the thoughts: then total = P + X + O.
 *
 * Nothing is sent without a prompt, so a count of none is as good as no count. Output that is no text (IMAGE, AUDIO,
 * VIDEO in `candidatesTokensDetails`) has rates of its own, which no price here has: it is not priced as text.
 *
 * @returns undefined where there is no usage to read, or none that can be priced: the caller takes the hold as the
 * cost, the upper bound, and flags it as estimated
 */
export function readUsage(raw: unknown): TokenCounts | undefined {
  const { data: usage } = usageMetadata.safeParse(raw);
  if (!usage?.promptTokenCount || hasOutputBesideText(usage.candidatesTokensDetails)) return undefined;
  const prompt = usage.promptTokenCount;
  const toolUse = usage.toolUsePromptTokenCount ?? 0;
  const candidates = usage.candidatesTokenCount ?? 0;
  const thoughts = usage.thoughtsTokenCount ?? 0;
  const total = usage.totalTokenCount;

  const thoughtsInside = thoughts > 0 && thoughts <= candidates && total === prompt + toolUse + candidates;
  const output = thoughtsInside ? candidates - thoughts : candidates;
  const sum = prompt + toolUse + output + thoughts;
  // A total above the parts: tokens that no field names. As output they cost the most that they can.
  const unnamed = total === undefined ? 0 : Math.max(0, total - sum);

  const cached = Math.min(usage.cachedContentTokenCount ?? 0, prompt);
  const promptAudio = Math.min(audioTokens(usage.promptTokensDetails), prompt);
  const cachedAudio = Math.min(audioTokens(usage.cacheTokensDetails), cached, promptAudio);
  // Without details the cached part counts as text first, so that as much audio as can be pays in full.
  const cachedAudioUnknown = cached > 0 && promptAudio > 0 && usage.cacheTokensDetails === undefined;
  const cachedAudioLeast = cachedAudioUnknown ? Math.max(0, cached - (prompt - promptAudio)) : cachedAudio;

  return {
    prompt,
    promptAudio,
    cached,
    cachedAudio: cachedAudioLeast,
    toolUse,
    output: output + unnamed,
    unnamed,
    thoughts,
    thoughtsInside,
    estimated:
      cachedAudioUnknown ||
      (total !== undefined && total !== sum) ||
      (usage.cachedContentTokenCount ?? 0) > prompt ||
      audioTokens(usage.promptTokensDetails) > prompt,
  };
}

type Modalities = z.infer<typeof details>;

function hasOutputBesideText(modalities: Modalities): boolean {
  return (modalities ?? []).some(
    ({ modality, tokenCount }) => modality && !textModalities.has(modality) && tokenCount !== 0,
  );
}

const textModalities = new Set(["TEXT", "MODALITY_UNSPECIFIED"]);

function audioTokens(modalities: Modalities): number {
  return (modalities ?? [])
    .filter((entry) => entry.modality === "AUDIO")
    .reduce((sum, entry) => sum + (entry.tokenCount ?? 0), 0);
}
