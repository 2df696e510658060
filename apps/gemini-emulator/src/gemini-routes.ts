import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bill } from "./bill.ts";
import type { BillEntry } from "./bill-entry.ts";
import { type DeliveryBill, deliver, type Faults } from "./deliver.ts";
import { DIMENSIONS_DEFAULT, embed } from "./embedding.ts";
import { GeminiError, retryInfo } from "./gemini-error.ts";
import { generate } from "./generation.ts";
import { type Asker, findModel, type Serving } from "./lifecycle.ts";
import { lowerCaseNames } from "./match-list.ts";
import { getModel, listModels } from "./model-list.ts";
import { METHODS, type Method, type Model, normalizeModelId } from "./models.ts";
import type { PromptCache } from "./prompt-cache.ts";
import {
  type Content,
  parseBatchEmbedRequest,
  parseCountRequest,
  parseEmbedRequest,
  parseGenerateRequest,
  parseJson,
  requestedTier,
} from "./protocol.ts";
import { BODY_BYTES_MAX, readBody } from "./read-body.ts";
import type { Recording, Recordings } from "./recordings.ts";
import type { RequestStore } from "./request-store.ts";
import { isError, type Respond, type Rules, ruleUsage } from "./rules.ts";
import { countContentTokens, countPromptTokens, modalityDetails, sumTokens } from "./tokens.ts";
import { readSaid, tierIn, usageMetadata } from "./usage.ts";
import {
  type Answer,
  errorAnswer,
  inputUsage,
  JSON_TYPE,
  jsonAnswer,
  rawAnswer,
  streamAnswer,
  unaryAnswer,
} from "./wire.ts";

export interface Emulator {
  bill: Bill;
  rules: Rules;
  recordings: Recordings;
  requests: RequestStore;
  promptCache: PromptCache;
  /** Before each answer, in milliseconds. */
  latencyMs: number;
  /** Its date, in milliseconds since 1970. */
  now(): number;
  /** Takes what Google refuses. */
  lenient: boolean;
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
  /** That served it. */
  serviceTier: string;
  /** That answered; null for a refusal. */
  modelVersion: string | null;
  headers: Readonly<Record<string, string>>;
  faults: Faults;
}

const PATH = /^\/(v\d[a-z0-9]*)\/((?:models\/){0,2}[^/:]+):([A-Za-z]+)$/;
const MODELS_PATH = /^\/(v1|v1beta)\/models(?:\/([^/:]+))?$/;

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
    apiKey: readKey(req, url),
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
  const entry = openEntry(emulator, call, decision);
  if (entry && Buffer.isBuffer(body)) emulator.requests.add(entry.id, body);
  const headers = {
    "x-understudy-provider": "emulator",
    ...decision.headers,
    ...(body === "too large" && { connection: "close" }),
  };
  const { answer, faults } = decision;
  const delayMs = (faults.delayMs ?? 0) + (call.method === "countTokens" ? 0 : emulator.latencyMs);
  await deliver(res, answer, headers, { ...faults, delayMs }, deliveryBill(emulator.bill, entry));
}

/**
 * Answers `models.list` and `models.get`, which are free and stand on no bill.
 * @returns false if the path is neither
 */
export function answerModels(
  emulator: Emulator,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const [found, apiVersion = "", name] = MODELS_PATH.exec(decodePath(url.pathname)) ?? [];
  if (req.method !== "GET" || found === undefined) return false;
  let status = 200;
  let body: string;
  try {
    checkKey(readKey(req, url));
    const now = emulator.now();
    const shown = name === undefined ? listModels(url.searchParams, now) : getModel(name, apiVersion, now);
    body = JSON.stringify(shown, null, 2);
  } catch (error) {
    const refusal = error instanceof GeminiError ? error : new GeminiError(400);
    status = refusal.httpStatus;
    body = refusal.toBody();
  }
  req.resume();
  res.writeHead(status, {
    "content-type": JSON_TYPE,
    "content-length": Buffer.byteLength(body),
    "x-understudy-provider": "emulator",
  });
  res.end(body);
  return true;
}

/** countTokens is free and stands on no bill. */
function openEntry(emulator: Emulator, call: Call, { answer, serviceTier, modelVersion }: Decision) {
  const { method, callId, modelName } = call;
  if (method === "countTokens") return null;
  return emulator.bill.add({
    callId,
    method,
    model: normalizeModelId(modelName).slice(0, 200),
    modelVersion,
    status: answer.status,
    serviceTier,
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
  const decided = (answer: Answer, modelVersion: string | null): Decision => ({
    answer,
    serviceTier,
    modelVersion,
    headers: { ...tierHeader(call.method, serviceTier), ...lowerCaseNames(rule?.headers ?? {}) },
    faults: rule ?? {},
  });
  try {
    if (body === "too large") {
      throw new GeminiError(413, `Request payload size exceeds the limit: ${BODY_BYTES_MAX} bytes.`);
    }
    let text: string | undefined;
    const asked = {
      method: call.method,
      modelId: normalizeModelId(call.modelName),
      body() {
        text ??= body.toString("utf8");
        return text;
      },
    };
    const recording = emulator.recordings.take(asked);
    if (recording) return recorded(recording);
    checkKey(call.apiKey);
    const asker: Asker = { ...call, now: emulator.now(), lenient: emulator.lenient };
    const serving = findModel(call.modelName, call.method, asker);
    rule = emulator.rules.take(asked);
    serviceTier = ruledTier(rule) ?? serviceTier;
    if (rule && isError(rule.status)) return decided(ruledError(rule.status, rule), null);
    const json = parseJson(body);
    const wantedTier = requestedTier(tierOf(json));
    serviceTier = ruledTier(rule) ?? wantedTier;
    const answer = answerMethod(emulator, call, serving, json, rule, serviceTier);
    if (rule?.status !== undefined) answer.status = rule.status;
    return decided(answer, readSaid(rule?.json).modelVersion ?? serving.served.id);
  } catch (error) {
    const refusal = error instanceof GeminiError ? error : new GeminiError(400);
    return decided(errorAnswer(refusal.httpStatus, refusal.toBody()), null);
  }
}

function recorded({ answer, headers, faults, modelVersion, serviceTier }: Recording): Decision {
  return { answer, headers, faults, modelVersion, serviceTier };
}

/** Streams tell their tier in their usage alone. */
function tierHeader(method: Method, serviceTier: string): Record<string, string> {
  return method === "streamGenerateContent" ? {} : { "x-gemini-service-tier": serviceTier };
}

/** The tier by which a rule has a request served, whatever it asked for. */
function ruledTier(rule: Respond | undefined): string | undefined {
  return (
    tierIn(ruleUsage(rule)) ??
    tierIn(readSaid(rule?.json).usage) ??
    lowerCaseNames(rule?.headers ?? {})["x-gemini-service-tier"]
  );
}

function checkKey(apiKey: string): void {
  if (apiKey !== "") return;
  throw new GeminiError(
    403,
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  );
}

function ruledError(status: number, rule: Respond): Answer {
  if (rule.json !== undefined) return { ...rawAnswer(rule.json, null, null), status, usageAtStart: null };
  const details = rule.retryDelay === undefined ? [] : [retryInfo(rule.retryDelay)];
  return errorAnswer(status, new GeminiError(status, rule.text, details).toBody());
}

function answerMethod(
  emulator: Emulator,
  call: Call,
  serving: Serving,
  json: unknown,
  rule: Respond | undefined,
  serviceTier: string,
): Answer {
  switch (call.method) {
    case "generateContent":
    case "streamGenerateContent":
      return answerGenerate(emulator, call, serving, json, rule, serviceTier);
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

function answerGenerate(
  emulator: Emulator,
  call: Call,
  serving: Serving,
  json: unknown,
  rule: Respond | undefined,
  serviceTier: string,
): Answer {
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

function tierOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { serviceTier, service_tier } = json as { serviceTier?: unknown; service_tier?: unknown };
  const tier = serviceTier ?? service_tier;
  return typeof tier === "string" ? tier : undefined;
}

function readKey(req: IncomingMessage, url: URL): string {
  return header(req, "x-goog-api-key") ?? url.searchParams.get("key") ?? "";
}

function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
