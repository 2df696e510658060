import { GoogleGenAI } from "@google/genai";
import type { ServiceTier } from "@understudy/contracts";
import type { ThinkingSetting } from "@understudy/ledger";
import { Agent } from "undici";
import { AnswerReader } from "./answer-reader.ts";
import { abortedBeforeSending, cancelled, type Generation, type LossReason } from "./generation.ts";
import { type Exchange, leanFetch } from "./lean-fetch.ts";
import { readFailure } from "./read-failure.ts";

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
  /** Undefined for a model that refuses the setting. */
  thinking: ThinkingSetting | undefined;
  /** The whole exchange, the body included. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Streams the answer: hears of each piece of its text as it comes. Must not throw. */
  onText?: ((text: string) => void) | undefined;
}

const callIdHeader = "x-understudy-call-id";

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
    request.signal.addEventListener("abort", abort);
    const answer = new AnswerReader();
    const exchange = () => this.#exchanges.get(request.callId);
    try {
      if (request.signal.aborted)
        return { kind: "refused", errorCode: abortedBeforeSending, retryable: true };
      const wire = wireRequest(request, deadline.signal);
      if (request.onText) {
        const chunks = await this.#sdk.models.generateContentStream(wire);
        for await (const chunk of chunks) request.onText(answer.add(chunk));
        // A stream that is cut off may close as if it were whole.
        if (!answer.isWhole) return { kind: "lost", reason: "connection", usage: answer.usage };
      } else answer.add(await this.#sdk.models.generateContent(wire));
      return answer.generation(exchange(), request.serviceTier);
    } catch (error) {
      const failure = readFailure(error, exchange(), timedOut ? "timeout" : abortedBy(request.signal));
      return failure.kind === "lost" ? { ...failure, usage: answer.usage } : failure;
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

function abortedBy(signal: AbortSignal): LossReason {
  if (!signal.aborted) return "connection";
  return signal.reason === cancelled ? "cancelled" : "aborted";
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
      ...(request.thinking && { thinkingConfig: request.thinking }),
    },
  } as Parameters<GoogleGenAI["models"]["generateContent"]>[0];
}
