import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bill } from "./bill.ts";
import type { BillEntry } from "./bill-entry.ts";
import { type DeliveryBill, deliver } from "./deliver.ts";
import { DIMENSIONS_DEFAULT, embed } from "./embedding.ts";
import { GeminiError, retryInfo } from "./gemini-error.ts";
import { generate } from "./generation.ts";
import { findModel, METHODS, type Method, type Model, normalizeModelId } from "./models.ts";
import type { PromptCache } from "./prompt-cache.ts";
import {
  type Content,
  parseBatchEmbedRequest,
  parseCountRequest,
  parseEmbedRequest,
  parseGenerateRequest,
  parseJson,
  servedTier,
} from "./protocol.ts";
import { BODY_BYTES_MAX, readBody } from "./read-body.ts";
import type { RequestStore } from "./request-store.ts";
import { isError, type Respond, type Rules, ruleUsage } from "./rules.ts";
import { countContentTokens, countPromptTokens, modalityDetails, sumTokens } from "./tokens.ts";
import { usageMetadata } from "./usage.ts";
import {
  type Answer,
  errorAnswer,
  inputUsage,
  jsonAnswer,
  rawAnswer,
  streamAnswer,
  unaryAnswer,
} from "./wire.ts";

export interface Emulator {
  bill: Bill;
  rules: Rules;
  requests: RequestStore;
  promptCache: PromptCache;
  /** Before each answer, in milliseconds. */
  latencyMs: number;
}

/** One request to a method of a model. */
interface Call {
  apiVersion: string;
  /** As it stands in the path. */
  modelName: string;
  method: Method;
  sse: boolean;
  apiKey: string;
  callId: string | null;
}

interface Decision {
  answer: Answer;
  serviceTier: string;
  rule: Respond | undefined;
}

const PATH = /^\/(v1|v1beta)\/((?:models\/){0,2}[^/:]+):([A-Za-z]+)$/;

/** Reads a method call from a request line; null if it is none of Gemini's that the emulator knows. */
export function readCall(req: IncomingMessage, url: URL): Call | null {
  const [, apiVersion, modelName, name] = PATH.exec(decodePath(url.pathname)) ?? [];
  const method = METHODS.find((known) => known === name);
  if (req.method !== "POST" || !method || apiVersion === undefined || modelName === undefined) return null;
  return {
    apiVersion,
    modelName,
    method,
    sse: url.searchParams.get("alt") === "sse",
    apiKey: header(req, "x-goog-api-key") ?? url.searchParams.get("key") ?? "",
    callId: header(req, "x-understudy-call-id"),
  };
}

/** Answers one call as Gemini would, or as a rule says, and puts it on the bill. */
export async function answerCall(
  emulator: Emulator,
  call: Call,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const body = await readBody(req);
  // Gemini acts on complete requests only: what broke off on its way in is nobody's debt.
  if (body === "gone") return;
  const decision = decide(emulator, call, body);
  const { answer, serviceTier, rule } = decision;
  const entry = openEntry(emulator, call, decision);
  if (entry && Buffer.isBuffer(body)) emulator.requests.add(entry.id, body);
  const headers = {
    "x-gemini-service-tier": serviceTier,
    ...lowerCaseNames(rule?.headers ?? {}),
    "x-understudy-provider": "emulator",
    ...(body === "too large" && { connection: "close" }),
  };
  const delayMs = (rule?.delayMs ?? 0) + (call.method === "countTokens" ? 0 : emulator.latencyMs);
  await deliver(res, answer, headers, { ...rule, delayMs }, deliveryBill(emulator.bill, entry));
}

/** countTokens is free and stands on no bill. */
function openEntry(emulator: Emulator, call: Call, { answer, serviceTier, rule }: Decision) {
  const { method, callId, modelName } = call;
  if (method === "countTokens") return null;
  return emulator.bill.add({
    callId,
    method,
    model: normalizeModelId(modelName).slice(0, 200),
    status: answer.status,
    serviceTier: lowerCaseNames(rule?.headers ?? {})["x-gemini-service-tier"] ?? serviceTier,
    usageMetadata: answer.usageAtStart,
  });
}

function deliveryBill(bill: Bill, entry: BillEntry | null): DeliveryBill {
  return {
    charge(usage) {
      if (entry && usage !== entry.usageMetadata) bill.change({ id: entry.id, usageMetadata: usage });
    },
    aborted() {
      if (entry) bill.change({ id: entry.id, aborted: true });
    },
  };
}

/** Every refusal is an answer too; nothing that a request contains may end in a 5xx of the emulator's own. */
function decide(emulator: Emulator, call: Call, body: Buffer | "too large"): Decision {
  let rule: Respond | undefined;
  let serviceTier = "standard";
  try {
    if (body === "too large") {
      throw new GeminiError(413, `Request payload size exceeds the limit: ${BODY_BYTES_MAX} bytes.`);
    }
    if (call.apiKey === "") {
      throw new GeminiError(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      );
    }
    const model = findModel(call.modelName, call.method, call.apiVersion);
    let text: string | undefined;
    rule = emulator.rules.take(call.method, model.id, () => {
      text ??= body.toString("utf8");
      return text;
    });
    if (rule && isError(rule.status)) return { answer: ruledError(rule.status, rule), serviceTier, rule };
    const json = parseJson(body);
    serviceTier = servedTier(tierOf(json));
    const answer = answerMethod(emulator, call, model, json, rule);
    if (rule?.status !== undefined) answer.status = rule.status;
    return { answer, serviceTier, rule };
  } catch (error) {
    const refusal = error instanceof GeminiError ? error : new GeminiError(400);
    return { answer: errorAnswer(refusal.httpStatus, refusal.toBody()), serviceTier, rule };
  }
}

function ruledError(status: number, rule: Respond): Answer {
  if (rule.json !== undefined) return { ...rawAnswer(rule.json, null, null), status, usageAtStart: null };
  const details = rule.retryDelay === undefined ? [] : [retryInfo(rule.retryDelay)];
  return errorAnswer(status, new GeminiError(status, rule.text, details).toBody());
}

function answerMethod(
  emulator: Emulator,
  call: Call,
  model: Model,
  json: unknown,
  rule: Respond | undefined,
): Answer {
  switch (call.method) {
    case "generateContent":
    case "streamGenerateContent":
      return answerGenerate(emulator, call, model, json, rule);
    case "countTokens":
      return answerCount(json, rule);
    case "embedContent": {
      const request = parseEmbedRequest(json);
      const body = { embedding: { values: embeddingOf(request) } };
      return answerEmbed(model, [request.content], body, rule);
    }
    case "batchEmbedContents": {
      const { requests } = parseBatchEmbedRequest(json);
      const body = { embeddings: requests.map((request) => ({ values: embeddingOf(request) })) };
      return answerEmbed(
        model,
        requests.map(({ content }) => content),
        body,
        rule,
      );
    }
  }
}

function answerGenerate(
  emulator: Emulator,
  call: Call,
  model: Model,
  json: unknown,
  rule: Respond | undefined,
): Answer {
  const generation = generate(model, parseGenerateRequest(json), emulator.promptCache, rule);
  const streams = call.method === "streamGenerateContent";
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

function tierOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { serviceTier, service_tier } = json as { serviceTier?: unknown; service_tier?: unknown };
  const tier = serviceTier ?? service_tier;
  return typeof tier === "string" ? tier : undefined;
}

function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** So that a rule's header replaces the emulator's own, however it is spelt. */
function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
