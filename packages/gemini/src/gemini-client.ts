import type { GoogleGenAI } from "@google/genai";
import type { GeminiApiVersion, Provider } from "@understudy/contracts";
import type { Dispatcher } from "undici";
import { AnswerReader } from "./answer-reader.ts";
import { ApiKeys } from "./api-keys.ts";
import { type EgressProxy, egressDispatcher } from "./egress.ts";
import { providerAt, requestIdOf } from "./exchange-headers.ts";
import { abortedBeforeSending, cancelled, type Generation, type LossReason } from "./generation.ts";
import { HttpExchange } from "./http-exchange.ts";
import { LeanGenAI } from "./lean-sdk.ts";
import type { GenerationRequest, ModelProvider } from "./provider.ts";
import { wordsOf } from "./provider-words.ts";
import { readFailure } from "./read-failure.ts";
import { type SafetySettings, thresholdsOf, wireSafetySettings } from "./safety-settings.ts";

export type { GenerationRequest } from "./provider.ts";

/** Where Gemini is, and how it is asked. */
export interface GeminiSettings {
  /** Several of one account, separated by commas, are used in turn. */
  apiKey: string;
  /** Gemini's own unless given. */
  baseUrl?: string | undefined;
  /** `v1beta` unless given. */
  apiVersion?: GeminiApiVersion;
  safetySettings?: SafetySettings | undefined;
  proxy?: EgressProxy;
}

const geminiUrl = "https://generativelanguage.googleapis.com";
const callIdHeader = "x-understudy-call-id";
const apiKeyHeader = "x-goog-api-key";

/**
 * The Gemini Developer API, or what speaks its protocol: no code path knows which. One call is one HTTP request; only
 * where a key is refused, which costs nothing, another takes its place.
 */
export class GeminiClient implements ModelProvider {
  readonly name: Exclude<Provider, "emulator">;
  readonly #sdk: GoogleGenAI;
  readonly #dispatcher: Dispatcher;
  readonly #keys: ApiKeys;
  readonly #safety: SafetySettings;

  constructor(settings: GeminiSettings) {
    const { apiKey, baseUrl = geminiUrl, apiVersion = "v1beta", safetySettings = {}, proxy = {} } = settings;
    this.name = providerAt(baseUrl);
    this.#dispatcher = egressDispatcher(proxy);
    this.#keys = new ApiKeys(apiKey);
    this.#safety = safetySettings;
    // All said here, so that no variable of the environment leads elsewhere.
    const options = {
      vertexai: false,
      apiKey: this.#keys.all[0] ?? "",
      httpOptions: { baseUrl, apiVersion },
    };
    this.#sdk = new LeanGenAI(options, this.#dispatcher);
  }

  async generate(request: GenerationRequest): Promise<Generation> {
    if (request.signal.aborted) return { kind: "refused", errorCode: abortedBeforeSending, retryable: true };
    const deadline = new Deadline(request);
    try {
      for (;;) {
        const key = this.#keys.next();
        const generation = await this.#ask(request, key, deadline);
        if (!isKeyRefused(generation) || !this.#keys.leaveOut(key)) return generation;
      }
    } finally {
      deadline.end();
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** One HTTP request. */
  async #ask(request: GenerationRequest, key: string, deadline: Deadline): Promise<Generation> {
    const answer = new AnswerReader();
    const unshown = { prompts: [request.system, ...request.parts], secrets: this.#keys.all };
    const provider = this.name;
    const askedFor = {
      serviceTier: request.serviceTier,
      isStructured: request.jsonSchema !== undefined,
      provider,
    };
    const exchange = new HttpExchange({ [callIdHeader]: request.callId, [apiKeyHeader]: key });
    deadline.bounds(exchange);
    try {
      const wire = this.#wireRequest(request, exchange);
      if (request.onText) {
        const chunks = await this.#sdk.models.generateContentStream(wire);
        for await (const chunk of chunks) request.onText(answer.add(chunk));
      } else answer.add(await this.#sdk.models.generateContent(wire));
      const generation = answer.generation(exchange.seen, askedFor);
      if (generation.kind === "answered") return generation;
      // It closed as if all were well: a stream that was cut off may, and so does a proxy that hides an error.
      const words = wordsOf(undefined, requestIdOf(exchange.seen, answer.responseId), unshown);
      return { ...generation, ...(words && { words }) };
    } catch (error) {
      // The answer is here, and so is its price: what broke afterwards is no matter.
      if (answer.isPaidFor) return answer.generation(exchange.seen, askedFor);
      const { lostTo } = deadline;
      const { responseId } = answer;
      const failure = readFailure(error, {
        exchange: exchange.seen,
        lostTo,
        provider,
        responseId,
        ...unshown,
      });
      return failure.kind === "lost" ? { ...failure, usage: answer.usage } : failure;
    }
  }

  #wireRequest(request: GenerationRequest, exchange: HttpExchange) {
    const safety = { ...thresholdsOf(this.#safety, request.role), ...request.safetySettings };
    const safetySettings = wireSafetySettings(safety);
    return {
      model: request.model,
      contents: [{ role: "user", parts: request.parts.map((text) => ({ text })) }],
      config: {
        httpOptions: exchange,
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
        ...(safetySettings.length > 0 && { safetySettings }),
      },
    } as Parameters<GoogleGenAI["models"]["generateContent"]>[0];
  }
}

/** Ends exchanges when their time is over, or when they are not wanted any more; and knows which it was. */
class Deadline {
  readonly #timer: NodeJS.Timeout;
  readonly #wanted: AbortSignal;
  readonly #end = () => this.#bounded?.abort();
  #bounded: HttpExchange | undefined;
  #isOver = false;

  constructor({ timeoutSeconds, signal }: GenerationRequest) {
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#end();
    }, timeoutSeconds * 1000);
    this.#wanted = signal;
    signal.addEventListener("abort", this.#end);
  }

  /** The exchange that is under way from now on; ended at once where there is no time left for it. */
  bounds(exchange: HttpExchange): void {
    this.#bounded = exchange;
    if (this.lostTo !== "connection") exchange.abort();
  }

  /** Why an answer that has not come whole by now is lost. */
  get lostTo(): LossReason {
    if (this.#isOver) return "timeout";
    if (!this.#wanted.aborted) return "connection";
    return this.#wanted.reason === cancelled ? "cancelled" : "aborted";
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#wanted.removeEventListener("abort", this.#end);
  }
}

/** The key itself was refused; a request that is at fault would be with any other as well. */
function isKeyRefused(generation: Generation): boolean {
  if (generation.kind !== "refused") return false;
  const { httpStatus, words } = generation;
  return (
    httpStatus === 401 || httpStatus === 403 || (httpStatus === 400 && words?.reason === "API_KEY_INVALID")
  );
}
