import type { IncomingMessage, ServerResponse } from "node:http";
import { answerMethod } from "./answer-method.ts";
import type { Bill } from "./bill.ts";
import type { BillEntry } from "./bill-entry.ts";
import { type DeliveryBill, deliver, type Faults } from "./deliver.ts";
import type { Call, Emulator } from "./emulator.ts";
import { GeminiError, retryInfo } from "./gemini-error.ts";
import { findModel } from "./lifecycle.ts";
import { lowerCaseNames } from "./match-list.ts";
import { METHODS, type Method, normalizeModelId } from "./models.ts";
import { parseJson, requestedTier } from "./protocol.ts";
import { BODY_BYTES_MAX, readBody } from "./read-body.ts";
import { checkKey, decodePath, header, readKey } from "./read-request.ts";
import type { Recording } from "./recordings.ts";
import { isError, type Respond, ruleUsage } from "./rules.ts";
import { readSaid, tierIn } from "./usage.ts";
import { type Answer, errorAnswer, rawAnswer } from "./wire.ts";

interface Decision {
  answer: Answer;
  /** That served it. */
  serviceTier: string;
  /** That answered; null for a refusal, or where the answer names none. */
  modelVersion: string | null;
  headers: Readonly<Record<string, string>>;
  faults: Faults;
}

const PATH = /^\/(v\d[a-z0-9]*)\/((?:models\/){0,2}[^/:]+):([A-Za-z]+)$/;

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
    ...decision.headers,
    "x-understudy-provider": "emulator",
    ...(body === "too large" && { connection: "close" }),
  };
  const { answer, faults } = decision;
  const delayMs = (faults.delayMs ?? 0) + (call.method === "countTokens" ? 0 : emulator.latencyMs);
  await deliver(res, answer, headers, { ...faults, delayMs }, deliveryBill(emulator.bill, entry));
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
    cut() {
      if (entry) bill.change({ id: entry.id, cut: true });
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
    const { now, lenient } = emulator;
    const serving = findModel(call.modelName, call.method, { ...call, now: now(), lenient });
    rule = emulator.rules.take(asked);
    const ruledTier = rule && tierBy(rule);
    serviceTier = ruledTier ?? serviceTier;
    if (rule && isError(rule.status)) return decided(ruledError(rule.status, rule), null);
    const json = parseJson(body);
    const wantedTier = requestedTier(tierOf(json));
    serviceTier = ruledTier ?? wantedTier;
    const answer = answerMethod(emulator, { call, serving, json, rule, serviceTier });
    if (rule?.status !== undefined) answer.status = rule.status;
    const said = rule?.json === undefined ? null : readSaid(rule.json).modelVersion;
    return decided(answer, said ?? serving.served.id);
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
function tierBy(rule: Respond): string | undefined {
  return (
    tierIn(ruleUsage(rule)) ??
    tierIn(readSaid(rule.json).usage) ??
    lowerCaseNames(rule.headers ?? {})["x-gemini-service-tier"]
  );
}

function ruledError(status: number, rule: Respond): Answer {
  if (rule.json !== undefined) return { ...rawAnswer(rule.json, null, null), status, usageAtStart: null };
  const details = rule.retryDelay === undefined ? [] : [retryInfo(rule.retryDelay)];
  return errorAnswer(status, new GeminiError(status, rule.text, details).toBody());
}

function tierOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { serviceTier, service_tier } = json as { serviceTier?: unknown; service_tier?: unknown };
  const tier = serviceTier ?? service_tier;
  return typeof tier === "string" ? tier : undefined;
}
