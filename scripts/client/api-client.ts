import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { CommandError, reasonOf } from "./command-error.ts";

/** An answer of any status. `body` is the parsed JSON, undefined where there was none. */
export interface Answer {
  status: number;
  body: unknown;
  retryAfterMs?: number;
  /** The server's clock, to the second. */
  date?: Date;
}

export interface Request {
  method: "GET" | "POST" | "PUT";
  /** From the root of the API: `/api/ai/…`. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Why there is no answer to act on, after all tries. */
export interface NoAnswer {
  gaveUp: string;
}

const ANSWER_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 10_000;
/** How long one request is tried while the API is away: longer than a restart of everything takes. */
const PATIENCE_MS = 5 * 60_000;

/** JSON over a pool of connections that stay open. */
export class ApiClient {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #key: string | undefined;
  readonly #patienceMs: number;

  constructor(
    url: string,
    options: { key?: string; connections: number; patienceMs?: number; answerTimeoutMs?: number },
  ) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, {
      connections: options.connections,
      headersTimeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
      bodyTimeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
    this.#basePath = pathname.replace(/\/+$/, "");
    this.#key = options.key;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /** One try. @throws when no whole answer came */
  async request({ method, path, body, headers }: Request): Promise<Answer> {
    const response = await this.#pool.request({
      method,
      path: this.#basePath + path,
      headers: {
        accept: "application/json",
        ...(this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    const retryAfterMs = retryAfterOf(response.headers["retry-after"]);
    const date = new Date(String(response.headers.date));
    return {
      status: response.statusCode,
      body: parsed(text),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(!Number.isNaN(date.getTime()) && { date }),
    };
  }

  /**
   * Tries until there is an answer to act on. Waits out connection errors, 429 (as long as it takes: the
   * server asked for it) and 5xx that say they pass, with full jitter and `Retry-After` as the floor.
   * @throws CommandError when the key is not good: no other request could succeed either
   */
  async requestPatiently(request: Request, signal?: AbortSignal): Promise<Answer | NoAnswer> {
    let firstFailureAt: number | undefined;
    for (let tries = 0; ; tries++) {
      if (signal?.aborted) return { gaveUp: "interrupted" };
      const answer = await this.request(request).catch(
        (thrown: unknown): NoAnswer => ({ gaveUp: reasonOf(thrown) }),
      );
      if ("status" in answer) {
        refuseBadKey(answer);
        if (!passes(answer)) return answer;
      }
      firstFailureAt ??= Date.now();
      const outOfPatience = Date.now() - firstFailureAt > this.#patienceMs;
      if (outOfPatience && !("status" in answer && answer.status === 429)) {
        return "status" in answer ? answer : { gaveUp: `no answer: ${answer.gaveUp}` };
      }
      await pause(backoffMs(tries, "status" in answer ? answer.retryAfterMs : undefined), signal);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Full jitter, so that 32 requests that failed together don't come back together; never below `floorMs`. */
export function backoffMs(tries: number, floorMs = 0): number {
  return floorMs + Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(tries, 20));
}

/** Ends early, without an error, when the signal fires. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : undefined).catch(() => undefined);
}

/** Whether the same request may succeed later. 409: the first try of it is still being accepted. */
export function passes({ status, body }: Answer): boolean {
  if (status === 429 || status === 502 || status === 503 || status === 504) return true;
  return (status === 409 || status >= 500) && problemOf(body).retryable === true;
}

export function refuseBadKey({ status, body }: Answer): void {
  if (status === 401) {
    throw new CommandError("The API doesn't know this key (401): see --key, UNDERSTUDY_ADMIN_KEY.", 1);
  }
  if (status === 403) {
    throw new CommandError(
      `The key may not do this (403): ${problemOf(body).detail ?? "an admin's key is needed"}`,
      1,
    );
  }
}

/** Members of a problem document (RFC 9457) that are there. */
export function problemOf(body: unknown): { code?: string; detail?: string; retryable?: boolean } {
  if (typeof body !== "object" || body === null) return {};
  const { code, detail, retryable } = body as Record<string, unknown>;
  return {
    ...(typeof code === "string" && { code }),
    ...(typeof detail === "string" && { detail }),
    ...(typeof retryable === "boolean" && { retryable }),
  };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== "string") return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
