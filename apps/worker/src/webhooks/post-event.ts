import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher, errors } from "undici";
import { AddressNotAllowedError, guardedConnector } from "./guarded-connect.ts";

export interface PostSettings {
  /** For a try as a whole. */
  timeoutMs: number;
  /** Calls private addresses as well. */
  allowPrivate: boolean;
  /** Asks DNS; the system's resolver unless given. */
  lookup?: LookupFunction;
}

/** What an endpoint answered, or why there is no answer. */
export interface PostAnswer {
  ms: number;
  httpStatus?: number;
  /** Such as `timeout`, `redirect` or `address_not_allowed`. */
  error?: string;
  /** First bytes of the answer. */
  body?: string;
  /** The header Retry-After as it came. */
  retryAfter?: string;
}

export interface EventPoster {
  /** Sends a body once. Never rejects. */
  post(url: string, headers: Record<string, string>, body: string): Promise<PostAnswer>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/** More of an answer is not read. */
const readBytesMax = 64 * 1024;

/** Of an answer, this is kept. */
const keptBytesMax = 1024;

/**
 * Posts events over kept connections. Redirects are not followed: where they lead was not registered. Connections to a
 * host are as many as its endpoints have tries under way; slots shared by all would let a slow one delay the others.
 */
export function openPoster(settings: PostSettings): EventPoster {
  const { timeoutMs } = settings;
  const agent = new Agent({
    connect: guardedConnector(settings),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
  });
  return {
    post: (url, headers, body) =>
      new Promise((resolve) => {
        const handler = new AnswerReader(timeoutMs, resolve);
        try {
          const { origin, pathname, search } = new URL(url);
          agent.dispatch({ origin, path: pathname + search, method: "POST", headers, body }, handler);
        } catch (error) {
          handler.onResponseError(undefined, error as Error);
        }
      }),
    close: () => agent.destroy(),
  };
}

/** Reads one answer, for so long and so many bytes as we grant it. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #startedAt = performance.now();
  readonly #deadline: NodeJS.Timeout;
  readonly #resolve: (answer: PostAnswer) => void;
  readonly #kept: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #httpStatus: number | undefined;
  #retryAfter: string | undefined;
  #readBytes = 0;
  #settled = false;

  constructor(timeoutMs: number, resolve: (answer: PostAnswer) => void) {
    this.#resolve = resolve;
    this.#deadline = setTimeout(() => this.#breakOff("timeout"), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Its time ran out before there was a connection.
    if (this.#settled) controller.abort(new Error("too late"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#httpStatus = statusCode;
    const retryAfter = headers["retry-after"];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#readBytes < keptBytesMax) this.#kept.push(chunk.subarray(0, keptBytesMax - this.#readBytes));
    this.#readBytes += chunk.length;
    if (this.#readBytes > readBytesMax) this.#breakOff(undefined);
  }

  onResponseEnd(): void {
    this.#settle(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#settle(nameOf(error));
  }

  #breakOff(error: string | undefined): void {
    this.#settle(error);
    this.#controller?.abort(new Error("no more is read"));
  }

  #settle(error: string | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#deadline);
    const ms = Math.round(performance.now() - this.#startedAt);
    const status = this.#httpStatus;
    const isRedirect = Math.floor((status ?? 0) / 100) === 3;
    const reason = error ?? (isRedirect ? "redirect" : undefined);
    const body = textOf(Buffer.concat(this.#kept));
    this.#resolve({
      ms,
      ...(status !== undefined && { httpStatus: status }),
      ...(reason !== undefined && { error: reason }),
      ...(body !== "" && { body }),
      ...(this.#retryAfter !== undefined && { retryAfter: this.#retryAfter }),
    });
  }
}

/** Postgres stores no NUL. */
function textOf(bytes: Buffer): string {
  return bytes.toString("utf8").replaceAll("\0", "\uFFFD");
}

/** In words of ours, which stay the same when libraries change. */
function nameOf(error: Error): string {
  if (error instanceof AddressNotAllowedError) return error.code;
  // Its code, which would tell what was wrong, is missing.
  if (error instanceof errors.HTTPParserError) return "answer_not_http";
  const code = String((error as { code?: unknown }).code);
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return "timeout";
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) return "name_not_found";
  if (code === "ECONNREFUSED") return "connection_refused";
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) return "connection_lost";
  if (/CERT|^ERR_TLS|^ERR_SSL|SIGNATURE|^EPROTO$/.test(code)) return "certificate_refused";
  if (/^UND_ERR_HEADERS|^UND_ERR_RES/.test(code)) return "answer_not_http";
  return "connection_failed";
}
