import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { GeminiError } from "./gemini-error.ts";

// The requests of Gemini's REST protocol, as far as the emulator looks into them. As at Google, an unknown
// name at the top or in generationConfig is refused: a misspelt setting would otherwise go unnoticed.

const part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  inlineData: z.looseObject({ mimeType: z.string(), data: z.string() }).optional(),
  fileData: z.looseObject({ mimeType: z.string().optional(), fileUri: z.string() }).optional(),
  functionCall: z.looseObject({}).optional(),
  functionResponse: z.looseObject({}).optional(),
});

const content = z.looseObject({
  role: z.enum(["user", "model", "function", "system"]).optional(),
  parts: z.array(part).default([]),
});

const thinkingConfig = z.looseObject({
  includeThoughts: z.boolean().optional(),
  thinkingBudget: z.int().min(-1).optional(),
  thinkingLevel: z.string().optional(),
});

const textFormat = z.looseObject({ mimeType: z.string().optional(), schema: z.unknown() });
const responseFormat = z.looseObject({ text: textFormat.optional() });

const generationConfig = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  topK: z.number().min(0).optional(),
  candidateCount: z.int().min(1).max(8).optional(),
  maxOutputTokens: z.int().min(1).optional(),
  stopSequences: z.array(z.string().min(1)).max(5).optional(),
  responseMimeType: z.string().optional(),
  responseSchema: z.looseObject({}).optional(),
  responseJsonSchema: z.unknown().optional(),
  responseFormat: z.union([responseFormat, z.array(responseFormat)]).optional(),
  thinkingConfig: thinkingConfig.optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  responseLogprobs: z.unknown().optional(),
  logprobs: z.unknown().optional(),
  responseModalities: z.array(z.string()).optional(),
  mediaResolution: z.unknown().optional(),
  speechConfig: z.unknown().optional(),
  audioTranscriptionConfig: z.unknown().optional(),
  audioTimestamp: z.unknown().optional(),
  imageConfig: z.unknown().optional(),
  enableEnhancedCivicAnswers: z.unknown().optional(),
});

const generateRequest = z.strictObject({
  model: z.string().optional(),
  contents: z.array(content).min(1, "contents is not specified"),
  systemInstruction: content.optional(),
  generationConfig: generationConfig.default({}),
  tools: z.array(z.unknown()).optional(),
  toolConfig: z.unknown().optional(),
  safetySettings: z.array(z.unknown()).optional(),
  cachedContent: z.string().optional(),
  labels: z.unknown().optional(),
  store: z.unknown().optional(),
  continuationToken: z.unknown().optional(),
  serviceTier: z.string().optional(),
});

const countRequest = z
  .strictObject({
    model: z.string().optional(),
    contents: z.array(content).optional(),
    generateContentRequest: generateRequest.optional(),
  })
  .refine((request) => request.contents || request.generateContentRequest, "contents is not specified");

const embedRequest = z.strictObject({
  model: z.string().optional(),
  content,
  taskType: z.string().optional(),
  title: z.string().optional(),
  outputDimensionality: z.int().min(1).max(3072).optional(),
  serviceTier: z.string().optional(),
});

const batchEmbedRequest = z.strictObject({
  requests: z.array(embedRequest).min(1).max(100, "at most 100 requests can be in one batch"),
  serviceTier: z.string().optional(),
});

export type Part = z.infer<typeof part>;
export type Content = z.infer<typeof content>;
export type GenerateRequest = z.infer<typeof generateRequest>;
export type GenerationConfig = z.infer<typeof generationConfig>;
export type EmbedRequest = z.infer<typeof embedRequest>;

/** Gemini's own parser stops at this depth; it also keeps recursion over hostile input short. */
const DEPTH_MAX = 100;

const SERVICE_TIERS = ["standard", "flex", "priority"];

/** @throws GeminiError 400 */
export const parseGenerateRequest = (json: unknown): GenerateRequest => parse(generateRequest, json);
/** @throws GeminiError 400 */
export const parseCountRequest = (json: unknown): z.infer<typeof countRequest> => parse(countRequest, json);
/** @throws GeminiError 400 */
export const parseEmbedRequest = (json: unknown): EmbedRequest => parse(embedRequest, json);
/** @throws GeminiError 400 */
export const parseBatchEmbedRequest = (json: unknown): z.infer<typeof batchEmbedRequest> =>
  parse(batchEmbedRequest, json);

/**
 * The JSON of a request's body.
 * @throws GeminiError 400 on bad UTF-8, bad JSON, or JSON nested deeper than 100
 */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body))
    throw new GeminiError(400, "Invalid JSON payload received. The body is not valid UTF-8.");
  if (isDeeperThan(body, DEPTH_MAX)) {
    throw new GeminiError(
      400,
      "Invalid JSON payload received. Message too deep. Max recursion depth reached.",
    );
  }
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new GeminiError(400, "Invalid JSON payload received. Unexpected token or end of the body.");
  }
}

/**
 * The tier that a request asks for, `standard` if none. (The SDK puts `config.serviceTier`
 * at the top of the body, in lower case.)
 * @throws GeminiError 400 for a tier that does not exist
 */
export function requestedTier(requested: string | undefined): string {
  const tier = (requested ?? "standard").toLowerCase();
  if (tier === "unspecified" || tier === "service_tier_unspecified") return "standard";
  if (SERVICE_TIERS.includes(tier)) return tier;
  throw new GeminiError(400, "Invalid value at 'service_tier': use standard, flex or priority.");
}

function parse<S extends z.ZodType>(schema: S, json: unknown): z.infer<S> {
  const parsed = schema.safeParse(camelize(json));
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.slice(0, 10).map((issue) => {
    const field = fieldPath(issue.path);
    const description =
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `Unknown name "${key.slice(0, 80)}": Cannot find field.`).join(" ")
        : issue.message;
    return { field, description };
  });
  const said = violations.map(({ field, description }) =>
    field ? `Invalid value at '${field}': ${description}` : description,
  );
  throw new GeminiError(400, `Invalid JSON payload received. ${said.join("\n")}`, [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
  ]);
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
}

/** Google takes `system_instruction` as well as `systemInstruction`; so does the emulator, down to two levels. */
function camelize(json: unknown, levels = 2): unknown {
  if (levels === 0 || typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const entries = Object.entries(json);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key.includes("_") ? key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : key,
      key === "labels" ? value : camelize(value, levels - 1),
    ]),
  );
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isDeeperThan(json: Buffer, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
