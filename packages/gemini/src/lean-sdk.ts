import { GoogleGenAI, type GoogleGenAIOptions, type HttpResponse } from "@google/genai";
import type { Dispatcher } from "undici";
import { HttpExchange } from "./http-exchange.ts";

/** What the SDK asks of a transport, as far as we ask the SDK. */
interface SdkRequest {
  path: string;
  body?: string | Blob;
  httpMethod: Dispatcher.HttpMethod;
  httpOptions?: object;
}

/**
 * PATCH of `@google/genai` 3.1.0, whose client it gives a transport of ours; `lean-sdk.test.ts` notices another version.
 * Its own takes most of a call's CPU: it clones its options as JSON for each request, and parses each event of a stream
 * three times and makes a `Response` of it. How requests are worded and answers read stays the SDK's.
 */
export class LeanGenAI extends GoogleGenAI {
  readonly #dispatcher: Dispatcher;

  /** What is asked of it must have an `HttpExchange` for its `httpOptions`. */
  constructor(options: GoogleGenAIOptions, dispatcher: Dispatcher) {
    const unused = () => Promise.reject(new Error("The SDK went past its transport."));
    super({ ...options, httpOptions: { ...options.httpOptions, fetch: unused } });
    this.#dispatcher = dispatcher;
    this.apiClient.request = async (request) => answerOf(await (await this.#begin(request)).text());
    this.apiClient.requestStream = async (request) => (await this.#begin(request)).events(answerOf);
  }

  /** @throws as the SDK does where the answer is an error: its message is the body */
  async #begin({ path, body, httpMethod: method, httpOptions: exchange }: SdkRequest): Promise<HttpExchange> {
    if (!(exchange instanceof HttpExchange)) throw new Error("The SDK was asked without an exchange.");
    const { origin, pathname, search } = new URL(`${this.apiClient.getRequestUrl()}/${path}`);
    const headers = { ...this.apiClient.getHeaders(), ...exchange.headers };
    const request = { origin, path: pathname + search, method, headers, body: body as string };
    const seen = await exchange.begin(this.#dispatcher, request);
    if (seen.status < 300) return exchange;
    const said = await exchange.text();
    const isJson = seen.headers["content-type"]?.includes("application/json");
    throw new Error(isJson ? said : JSON.stringify({ error: { message: said } }));
  }
}

/** Of an answer only what the SDK reads. */
function answerOf(json: string): HttpResponse {
  return { json: async () => JSON.parse(json) } as HttpResponse;
}
