import { ConnectionError, errorOf, RequestTimeoutError, UnderstudyError } from "../errors.ts";
import { backoffMs, retryAfterOf } from "./backoff.ts";
import { Deadline } from "./deadline.ts";
import { sleep } from "./sleep.ts";

export interface UnderstudyOptions {
  /** Where the API is: `https://understudy.example.com`, without `/api/ai`. In a browser "" is the page's own origin. */
  baseUrl: string;
  /** An API key (`us_…`), or in a browser a job's token (`usjt_…`). None where a session's cookie is used. */
  apiKey?: string | undefined;
  /** Whether cookies go along: `same-origin` or `include` for a signed-in person in a browser. */
  credentials?: "omit" | "same-origin" | "include" | undefined;
  /** What `x-csrf-token` says beside a session's cookie; `session.signIn` and `session.get` set it by themselves. */
  csrfToken?: string | undefined;
  /** Another fetch, such as an edge runtime's or one that traces. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Further tries of a request that may succeed later; 4 unless given. */
  maxRetries?: number | undefined;
  /** How long one try may take; 30,000 unless given. */
  timeoutMs?: number | undefined;
}

export interface RequestOptions {
  /** Undefined members are left out. */
  query?: object | undefined;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string> | undefined;
  /** Aborts it, tries to come included. */
  signal?: AbortSignal | undefined;
  /** How long one try may take; the client's unless given. */
  timeoutMs?: number | undefined;
  /** Makes a POST safe to repeat: the same key and body give the same answer. */
  idempotencyKey?: string | undefined;
  /** Of a POST that changes no more when it is sent twice: it is tried again where the network fails, too. */
  repeatable?: boolean | undefined;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** JSON where it is any, else text; undefined where there was none. */
  body: unknown;
}

/** A longer Retry-After is the caller's to wait out: the error says how long. */
const retryAfterSecondsMax = 60;

/** One client's way to the API: headers, time-outs, tries, errors. */
export class Transport {
  /** What unsafe methods send as `x-csrf-token`. */
  csrfToken: string | undefined;
  readonly #options: UnderstudyOptions;
  readonly #baseUrl: string;

  constructor(options: UnderstudyOptions) {
    this.#options = options;
    this.csrfToken = options.csrfToken;
    this.#baseUrl = checkedBaseUrl(options.baseUrl);
  }

  /**
   * Sends a request, again where that is safe and may help.
   * @throws UnderstudyError where there is no answer of 2xx; the signal's reason where the caller aborts
   */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { maxRetries = 4 } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        return await this.#try(method, path, options);
      } catch (error) {
        const mayRepeat = isSafe(method, options) || (error instanceof UnderstudyError && wasRefused(error));
        if (!mayPass(error) || !mayRepeat || tries >= maxRetries) throw error;
        const { retryAfter = 0 } = error;
        if (retryAfter > retryAfterSecondsMax) throw error;
        await sleep(backoffMs(tries, retryAfter * 1_000), options.signal);
      }
    }
  }

  /** The body of the answer. */
  async json<Body>(method: string, path: string, options?: RequestOptions): Promise<Body> {
    return (await this.send(method, path, options)).body as Body;
  }

  /**
   * One GET whose body the caller reads: `timeoutMs` bounds the time until its head, and the signal goes on to abort it.
   * @throws as `send`
   */
  async open(path: string, options: RequestOptions): Promise<Response> {
    const deadline = new Deadline(options.timeoutMs ?? this.timeoutMs, options.signal);
    try {
      const response = await this.#fetch("GET", path, options, deadline);
      if (!response.ok) throw await failureOf(response);
      deadline.stopClock();
      return response;
    } catch (error) {
      deadline.clear();
      throw this.#explain(error, "GET", path, deadline, options.signal);
    }
  }

  async #try(method: string, path: string, options: RequestOptions): Promise<Answer> {
    const deadline = new Deadline(options.timeoutMs ?? this.timeoutMs, options.signal);
    try {
      const response = await this.#fetch(method, path, options, deadline);
      if (!response.ok) throw await failureOf(response);
      return { status: response.status, headers: response.headers, body: await bodyOf(response, path) };
    } catch (error) {
      throw this.#explain(error, method, path, deadline, options.signal);
    } finally {
      deadline.clear();
    }
  }

  /** How long one try may take. */
  get timeoutMs(): number {
    return this.#options.timeoutMs ?? 30_000;
  }

  async #fetch(
    method: string,
    path: string,
    { query, body, headers, idempotencyKey }: RequestOptions,
    { signal }: Deadline,
  ): Promise<Response> {
    const { apiKey, credentials, fetch = globalThis.fetch } = this.#options;
    const csrfToken = isUnsafe(method) ? this.csrfToken : undefined;
    return await fetch(this.#baseUrl + path + queryOf(query), {
      method,
      headers: {
        accept: "application/json",
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(csrfToken !== undefined && { "x-csrf-token": csrfToken }),
        ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
        ...headers,
      },
      signal,
      ...(credentials && { credentials }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** Names what went wrong where there was no answer. */
  #explain(error: unknown, method: string, path: string, deadline: Deadline, caller?: AbortSignal): unknown {
    if (caller?.aborted) return caller.reason;
    if (error instanceof UnderstudyError) return error;
    const what = `${method} ${this.#baseUrl}${path}`;
    if (deadline.isOver) return new RequestTimeoutError(`${what} was not answered in time.`);
    return new ConnectionError(`${what} was not answered: ${reasonOf(error)}`, error);
  }
}

/** Whether another try may help. */
export function mayPass(error: unknown): error is UnderstudyError {
  return error instanceof UnderstudyError && error.retryable;
}

async function failureOf(response: Response): Promise<UnderstudyError> {
  const text = await response.text().catch(() => "");
  return errorOf(response.status, jsonOf(text), retryAfterOf(response.headers));
}

async function bodyOf(response: Response, path: string): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) {
    if (!type.includes("html")) return text;
    throw new UnderstudyError(`${path} was answered with a web page: is baseUrl that of Understudy's API?`, {
      code: "not_the_api",
      status: response.status,
    });
  }
  return JSON.parse(text);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Repeating it changes no more than doing it once. */
function isSafe(method: string, { idempotencyKey, repeatable = false }: RequestOptions): boolean {
  return method !== "POST" || idempotencyKey !== undefined || repeatable;
}

/** It was refused before anything was done. */
function wasRefused({ status }: UnderstudyError): boolean {
  return status === 429;
}

function isUnsafe(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

function queryOf(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function checkedBaseUrl(baseUrl: string): string {
  if (baseUrl !== "" && !/^(https?:\/\/|\/)/.test(baseUrl)) {
    throw new TypeError(
      `baseUrl must begin with http:// or https://, such as https://understudy.example.com: ${baseUrl}`,
    );
  }
  return baseUrl.replace(/(?<!\/)\/+$/, "").replace(/\/api\/ai$/, "");
}

/** Node's fetch says no more than "fetch failed"; what failed is the cause. */
function reasonOf(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: unknown };
  const inner = cause instanceof Error && cause.message !== "" ? cause : error;
  return inner instanceof Error ? inner.message : String(inner);
}
