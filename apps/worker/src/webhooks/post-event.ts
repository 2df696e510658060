import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { AddressNotAllowedError, checkHost, publicLookup } from "./guarded-lookup.ts";

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

const headerBytesMax = 16 * 1024;

/** Interim answers (1xx) to one request. */
const interimMax = 16;

/** Shorter than receivers keep a connection that is idle, as a rule. */
const keptConnections = { keepAlive: true, timeout: 4_000, maxFreeSockets: 1_000 };

/**
 * Posts events over kept connections. Redirects are not followed: where they lead was not registered. Connections to a
 * host are as many as its endpoints have tries under way; slots shared by all would let a slow one delay the others.
 * By Node's own client, which takes the interim answers (1xx) that some receivers send unasked; undici breaks off there.
 */
export function openPoster({ timeoutMs, allowPrivate, lookup: asked }: PostSettings): EventPoster {
  const ways = {
    "http:": { send: httpRequest, agent: new HttpAgent(keptConnections) },
    "https:": { send: httpsRequest, agent: new HttpsAgent(keptConnections) },
  };
  const lookup = allowPrivate ? asked : publicLookup(asked);
  let isClosed = false;

  function send(url: string, headers: Record<string, string>, body: string, reader: AnswerReader): void {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const way = ways[protocol as keyof typeof ways];
    if (!way || isClosed) throw new Error("It can't be sent.");
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    if (!allowPrivate) checkHost(host);
    const { agent } = way;
    const request = way.send({
      ...{ host, port, path: pathname + search, method: "POST", headers, agent },
      ...{ maxHeaderSize: headerBytesMax, ...(lookup && { lookup }) },
    });
    request.on("response", (response) => reader.read(response));
    request.on("information", () => reader.takeInterim());
    // Nobody asked for another protocol; Node tells of no answer then.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      reader.fail(new NotHttpError());
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (isClosed) reader.fail(new Error("It is broken off."));
      // Closed by the receiver as it was taken up again: nothing was read of the request.
      else if (request.reusedSocket && error.code === "ECONNRESET" && reader.mayBeginAgain)
        trySending(url, headers, body, reader);
      else reader.fail(error);
    });
    reader.begin(request);
    request.end(body);
  }

  function trySending(
    url: string,
    headers: Record<string, string>,
    body: string,
    reader: AnswerReader,
  ): void {
    try {
      send(url, headers, body, reader);
    } catch (error) {
      reader.fail(error as Error);
    }
  }

  return {
    post: (url, headers, body) =>
      new Promise((resolve) => trySending(url, headers, body, new AnswerReader(timeoutMs, resolve))),
    async close() {
      isClosed = true;
      for (const { agent } of Object.values(ways)) agent.destroy();
    },
  };
}

/** Reads one answer, for so long and so many bytes as we grant it. */
class AnswerReader {
  readonly #startedAt = performance.now();
  readonly #deadline: NodeJS.Timeout;
  readonly #resolve: (answer: PostAnswer) => void;
  readonly #kept: Buffer[] = [];
  #request: ClientRequest | undefined;
  #httpStatus: number | undefined;
  #retryAfter: string | undefined;
  #readBytes = 0;
  #interim = 0;
  #settled = false;

  constructor(timeoutMs: number, resolve: (answer: PostAnswer) => void) {
    this.#resolve = resolve;
    this.#deadline = setTimeout(() => this.#breakOff("timeout"), timeoutMs);
  }

  /** Nothing has come of it yet. */
  get mayBeginAgain(): boolean {
    return !this.#settled && this.#httpStatus === undefined;
  }

  begin(request: ClientRequest): void {
    this.#request = request;
  }

  /** An answer before the answer: few are honest, and a flood of them is read by nobody. */
  takeInterim(): void {
    this.#interim++;
    if (this.#interim > interimMax) this.#breakOff(nameOf(new NotHttpError()));
  }

  read(response: IncomingMessage): void {
    this.#httpStatus = response.statusCode;
    this.#retryAfter = response.headers["retry-after"];
    response.on("data", (chunk: Buffer) => this.#take(chunk));
    response.on("end", () => this.#settle(undefined));
    response.on("error", (error) => this.fail(error));
  }

  fail(error: Error): void {
    this.#settle(nameOf(error));
  }

  #take(chunk: Buffer): void {
    if (this.#readBytes < keptBytesMax) this.#kept.push(chunk.subarray(0, keptBytesMax - this.#readBytes));
    this.#readBytes += chunk.length;
    if (this.#readBytes > readBytesMax) this.#breakOff(undefined);
  }

  #breakOff(error: string | undefined): void {
    this.#settle(error);
    this.#request?.destroy();
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

/** What came is no answer to what was sent. */
class NotHttpError extends Error {
  readonly code = "HPE_UNEXPECTED";
}

/** In words of ours, which stay the same when libraries change. */
function nameOf(error: Error): string {
  if (error instanceof AddressNotAllowedError) return error.code;
  const code = String((error as { code?: unknown }).code);
  if (/TIMEDOUT/.test(code)) return "timeout";
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) return "name_not_found";
  if (code === "ECONNREFUSED") return "connection_refused";
  if (/^(ECONNRESET|EPIPE)$/.test(code)) return "connection_lost";
  if (/CERT|^ERR_TLS|^ERR_SSL|SIGNATURE|^EPROTO$/.test(code)) return "certificate_refused";
  // Of Node's parser.
  if (/^HPE_/.test(code)) return "answer_not_http";
  return "connection_failed";
}
