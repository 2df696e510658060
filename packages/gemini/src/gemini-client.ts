import { type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import type { Provider, ServiceTier } from "@understudy/contracts";
import { Agent } from "undici";
import { z } from "zod";
import { type Exchange, leanFetch } from "./lean-fetch.ts";
import { thinkingConfig } from "./thinking.ts";

/** Where Gemini is. */
export interface GeminiSettings {
  apiKey: string;
  /** Gemini's own unless given. */
  baseUrl?: string;
}

/** One request, ready for the wire. */
export interface GenerationRequest {
  callId: string;
  model: string;
  system: string;
  parts: string[];
  /** JSON schema of the answer; text unless given. */
  jsonSchema?: object;
  serviceTier: ServiceTier;
  maxOutputTokens: number;
  thinkingBudget: number;
  /** The whole exchange, the body included. */
  timeoutSeconds: number;
  signal: AbortSignal;
}

/** What came of one HTTP request to Gemini. */
export type Generation =
  | {
      kind: "answered";
      text: string;
      /** `STOP`, `MAX_TOKENS`, …; absent where the prompt itself was blocked. */
      finishReason?: string;
      /** Why Gemini refused to answer: the prompt's or the answer's safety. Billed all the same. */
      blockReason?: string;
      usage: unknown;
      /** The tier that was served. */
      serviceTier: ServiceTier;
      provider: Provider;
    }
  /** Answered with an error, or never reached: not billed. */
  | {
      kind: "refused";
      httpStatus?: number;
      /** Gemini's `error.status` in lower case, or `unreachable`. */
      errorCode: string;
      retryable: boolean;
      /** Gemini's RetryInfo. */
      retryAfterMs?: number;
      provider?: Provider;
    }
  /** Sent, but the answer was lost: it may have been billed. */
  | { kind: "lost"; reason: "timeout" | "aborted" | "connection" };

/** `errorCode` of a request that was given up before anything was sent. */
export const abortedBeforeSending = "aborted_before_sending";

const callIdHeader = "x-understudy-call-id";

/** Finish reasons that are a refusal. Source: ai.google.dev/api/generate-content, FinishReason. */
const refusals = new Set(["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"]);

/** Before a byte was sent: the request can't have been billed. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Gemini, or what speaks its protocol: no code path knows which. One call is one HTTP request. */
export class GeminiClient {
  readonly #sdk: GoogleGenAI;
  readonly #agent: Agent;
  readonly #exchanges = new Map<string, Exchange>();

  constructor(settings: GeminiSettings) {
    // Our own deadline covers the whole exchange; idle connections are kept a while for the next call.
    this.#agent = new Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: 10_000 },
      keepAliveTimeout: 30_000,
    });
    this.#sdk = new GoogleGenAI({
      apiKey: settings.apiKey,
      httpOptions: {
        ...(settings.baseUrl && { baseUrl: settings.baseUrl }),
        fetch: leanFetch(this.#agent, callIdHeader, (callId, exchange) =>
          this.#exchanges.set(callId, exchange),
        ),
      },
    });
  }

  async generate(request: GenerationRequest): Promise<Generation> {
    const deadline = new AbortController();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      deadline.abort();
    }, request.timeoutSeconds * 1000);
    const abort = () => deadline.abort();
    request.signal.addEventListener("abort", abort, { once: true });
    try {
      if (request.signal.aborted)
        return { kind: "refused", errorCode: abortedBeforeSending, retryable: true };
      const response = await this.#sdk.models.generateContent(wireRequest(request, deadline.signal));
      return readAnswer(response, this.#exchanges.get(request.callId), request.serviceTier);
    } catch (error) {
      const lostTo = timedOut ? "timeout" : request.signal.aborted ? "aborted" : "connection";
      return readFailure(error, this.#exchanges.get(request.callId), lostTo);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", abort);
      this.#exchanges.delete(request.callId);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function wireRequest(request: GenerationRequest, abortSignal: AbortSignal) {
  return {
    model: request.model,
    contents: [{ role: "user", parts: request.parts.map((text) => ({ text })) }],
    config: {
      abortSignal,
      httpOptions: { headers: { [callIdHeader]: request.callId } },
      // On by default, it would make several billed requests out of one.
      automaticContinuation: false,
      maxOutputTokens: request.maxOutputTokens,
      ...(request.system && { systemInstruction: request.system }),
      ...(request.jsonSchema && {
        responseMimeType: "application/json",
        responseJsonSchema: request.jsonSchema,
      }),
      ...(request.serviceTier !== "standard" && { serviceTier: request.serviceTier }),
      ...thinkingConfig(request.model, request.thinkingBudget),
    },
  } as Parameters<GoogleGenAI["models"]["generateContent"]>[0];
}

function readAnswer(
  response: GenerateContentResponse,
  exchange: Exchange | undefined,
  requestedTier: ServiceTier,
): Generation {
  const candidate = response.candidates?.[0];
  const finishReason = candidate?.finishReason;
  const blockReason =
    response.promptFeedback?.blockReason ??
    (finishReason && refusals.has(finishReason) ? finishReason : undefined);
  const text = (candidate?.content?.parts ?? [])
    .filter((part) => !part.thought)
    .map((part) => part.text ?? "")
    .join("");
  return {
    kind: "answered",
    text,
    ...(finishReason && { finishReason }),
    ...(blockReason && { blockReason }),
    usage: response.usageMetadata ?? null,
    serviceTier: servedTier(exchange) ?? requestedTier,
    provider: provider(exchange),
  };
}

/** Body of Gemini's errors, as far as it is needed. */
const errorBody = z.object({
  error: z.object({
    status: z.string().optional(),
    details: z
      .array(z.looseObject({ "@type": z.string().optional(), retryDelay: z.string().optional() }))
      .optional(),
  }),
});

function readFailure(
  error: unknown,
  exchange: Exchange | undefined,
  lostTo: "timeout" | "aborted" | "connection",
): Generation {
  if (exchange === undefined) {
    return neverSent.has(socketCode(error))
      ? { kind: "refused", errorCode: "unreachable", retryable: true }
      : { kind: "lost", reason: lostTo };
  }
  // Headers said that it went well, but the body did not arrive whole: billed, most likely.
  if (exchange.status < 300) return { kind: "lost", reason: lostTo };
  const body = parseErrorBody(error);
  const retryAfterMs = retryDelayMs(body);
  return {
    kind: "refused",
    httpStatus: exchange.status,
    errorCode: (body?.error.status || `http_${exchange.status}`).toLowerCase(),
    retryable: exchange.status === 408 || exchange.status === 429 || exchange.status >= 500,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    provider: provider(exchange),
  };
}

/** The SDK's ApiError carries the body, as JSON, in its message. */
function parseErrorBody(error: unknown): z.infer<typeof errorBody> | undefined {
  try {
    return errorBody.safeParse(JSON.parse(error instanceof Error ? error.message : "")).data;
  } catch {
    return undefined;
  }
}

function retryDelayMs(body: z.infer<typeof errorBody> | undefined): number | undefined {
  const delay = body?.error.details?.find((detail) => detail.retryDelay !== undefined)?.retryDelay;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(delay ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

function socketCode(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string") return e.code;
  }
  return "";
}

function servedTier(exchange: Exchange | undefined): ServiceTier | undefined {
  const tier = exchange?.headers["x-gemini-service-tier"]?.toLowerCase();
  return tier === "standard" || tier === "flex" || tier === "priority" ? tier : undefined;
}

/** The emulator says in each answer that it is one. */
function provider(exchange: Exchange | undefined): Provider {
  return exchange?.headers["x-understudy-provider"] === "emulator" ? "emulator" : "gemini";
}
