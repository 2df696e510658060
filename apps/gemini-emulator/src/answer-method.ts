import { DIMENSIONS_DEFAULT, embed } from "./embedding.ts";
import type { Call, Emulator } from "./emulator.ts";
import { generate } from "./generation.ts";
import type { Serving } from "./lifecycle.ts";
import type { Model } from "./models.ts";
import {
  type Content,
  parseBatchEmbedRequest,
  parseCountRequest,
  parseEmbedRequest,
  parseGenerateRequest,
} from "./protocol.ts";
import { type Respond, ruleUsage } from "./rules.ts";
import { countContentTokens, countPromptTokens, modalityDetails, sumTokens } from "./tokens.ts";
import { usageMetadata } from "./usage.ts";
import { type Answer, inputUsage, jsonAnswer, rawAnswer, streamAnswer, unaryAnswer } from "./wire.ts";

/** A request that is answered by a model, by a rule's words where there is one. */
export interface Question {
  call: Call;
  serving: Serving;
  /** The request's body. */
  json: unknown;
  rule: Respond | undefined;
  /** The tier that serves it. */
  serviceTier: string;
}

/** @throws GeminiError 400 for what the method or the model does not take */
export function answerMethod(emulator: Emulator, question: Question): Answer {
  const { call, serving, json, rule } = question;
  switch (call.method) {
    case "generateContent":
    case "streamGenerateContent":
      return answerGenerate(emulator, question);
    case "countTokens":
      return answerCount(json, rule);
    case "embedContent": {
      const request = parseEmbedRequest(json);
      const body = { embedding: { values: embeddingOf(request) } };
      return answerEmbed(serving.served, [request.content], body, rule);
    }
    case "batchEmbedContents": {
      const { requests } = parseBatchEmbedRequest(json);
      const body = { embeddings: requests.map((request) => ({ values: embeddingOf(request) })) };
      const contents = requests.map(({ content }) => content);
      return answerEmbed(serving.served, contents, body, rule);
    }
  }
}

function answerGenerate(emulator: Emulator, { call, serving, json, rule, serviceTier }: Question): Answer {
  const streams = call.method === "streamGenerateContent";
  const { promptCache: cache, lenient } = emulator;
  const generation = generate(parseGenerateRequest(json), {
    serving,
    streams,
    serviceTier,
    cache,
    rule,
    lenient,
  });
  // Gemini's responseId is opaque; nothing about the answer itself depends on it.
  const responseId = crypto.randomUUID().replaceAll("-", "").slice(0, 22);
  const answer = streams
    ? streamAnswer(generation, responseId, call.sse)
    : unaryAnswer(generation, responseId);
  // A request that hangs is charged for its input: nothing of an answer was ever seen.
  if (rule?.hang) return { ...answer, usageAtStart: inputUsage(generation) };
  if (rule?.json === undefined) return answer;
  const stream = streams ? (call.sse ? "sse" : "array") : null;
  return rawAnswer(rule.json, ruleUsage(rule) ?? inputUsage(generation), stream);
}

function answerCount(json: unknown, rule: Respond | undefined): Answer {
  if (rule?.json !== undefined) return rawAnswer(rule.json, null, null);
  const { contents, generateContentRequest } = parseCountRequest(json);
  const tokens = generateContentRequest
    ? countPromptTokens(generateContentRequest)
    : countContentTokens(contents ?? []);
  return jsonAnswer({ totalTokens: sumTokens(tokens), promptTokensDetails: modalityDetails(tokens) }, null);
}

/** With an API key only embedding-2 tells its usage, with details of another name; the bill always does. */
function answerEmbed(
  model: Model,
  contents: readonly Content[],
  body: object,
  rule: Respond | undefined,
): Answer {
  const tokens = countContentTokens(contents);
  const usage = ruleUsage(rule) ?? usageMetadata({ tokens, cachedTokens: 0 });
  if (rule?.json !== undefined) return rawAnswer(rule.json, usage, null);
  const told = { promptTokenCount: usage.promptTokenCount, promptTokenDetails: modalityDetails(tokens) };
  return jsonAnswer(model.tellsEmbeddingUsage ? { ...body, usageMetadata: told } : body, usage);
}

function embeddingOf(request: { content: Content; outputDimensionality?: number | undefined }): number[] {
  const text = request.content.parts.map((part) => part.text ?? "").join("\n");
  return embed(text, request.outputDimensionality ?? DIMENSIONS_DEFAULT);
}
