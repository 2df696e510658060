import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { quantile } from "./quantile.ts";

/** What is asked for, again and again. */
export interface Load {
  /** Of the server: `http://127.0.0.1:3000`. */
  url: string;
  /** Whole HTTP/1.1 requests (`httpRequest`), sent in turn. */
  requests: readonly Buffer[];
  /** The status of every answer; another fails the run. */
  status: number;
  /** Connections that stay open, each with one request under way. */
  connections: number;
  /** When to send no more: after so long, or so many. */
  until: { seconds: number } | { requests: number };
  signal: AbortSignal;
}

/** What came of a load. */
export interface LoadFigures {
  requests: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

const headEnd = "\r\n\r\n";

/** The bytes of a request, made once: the generator must cost less than the barest server. */
export function httpRequest(
  method: "GET" | "POST",
  path: string,
  headers: Record<string, string> = {},
  body?: object,
): Buffer {
  const content = body === undefined ? "" : JSON.stringify(body);
  const all = {
    host: "127.0.0.1",
    ...headers,
    ...(body !== undefined && {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(content)),
    }),
  };
  const lines = Object.entries(all).map(([name, value]) => `\r\n${name}: ${value}`);
  return Buffer.from(`${method} ${path} HTTP/1.1${lines.join("")}${headEnd}${content}`);
}

/**
 * Loads a server over keep-alive connections. It speaks HTTP on bare sockets, since undici takes more time
 * for a request than a bare node:http server does: it would be the client that is measured.
 * @throws when an answer has another status or no `content-length`, or a connection ends
 */
export async function generateLoad(load: Load): Promise<LoadFigures> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const endAt = "seconds" in load.until ? startedAt + load.until.seconds * 1000 : Number.POSITIVE_INFINITY;
  const requestsMax = "requests" in load.until ? load.until.requests : Number.POSITIVE_INFINITY;
  let sent = 0;

  const nextRequest = (): Buffer | undefined => {
    if (sent >= requestsMax || performance.now() >= endAt || load.signal.aborted) return undefined;
    return load.requests[sent++ % load.requests.length];
  };
  const { hostname, port } = new URL(load.url);
  const sockets = Array.from({ length: load.connections }, () => connect(Number(port), hostname));
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        socket.setNoDelay(true);
        await once(socket, "connect");
        await keepAsking(socket, load.status, nextRequest, (ms) => latenciesMs.push(ms));
      }),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  load.signal.throwIfAborted();
  const seconds = (performance.now() - startedAt) / 1000;
  latenciesMs.sort((a, b) => a - b);
  return {
    requests: latenciesMs.length,
    perSecond: latenciesMs.length / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** Sends one request after another on a connection, each when the answer before it is there in full. */
function keepAsking(
  socket: Socket,
  status: number,
  nextRequest: () => Buffer | undefined,
  onLatency: (ms: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let received: Buffer | undefined;

    function ask(): void {
      const request = nextRequest();
      if (!request) {
        resolve();
        return;
      }
      sentAt = performance.now();
      socket.write(request);
    }

    socket.on("data", (chunk) => {
      const bytes = received ? Buffer.concat([received, chunk]) : chunk;
      try {
        received = isWholeAnswer(bytes, status) ? undefined : bytes;
      } catch (error) {
        reject(error);
        return;
      }
      if (received) return;
      onLatency(performance.now() - sentAt);
      ask();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("The server closed a connection under load.")));
    ask();
  });
}

function isWholeAnswer(bytes: Buffer, status: number): boolean {
  const bodyAt = bytes.indexOf(headEnd) + headEnd.length;
  if (bodyAt < headEnd.length) return false;
  const head = bytes.toString("latin1", 0, bodyAt);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without content-length: ${head}`);
  if (bytes.length < bodyAt + Number(length)) return false;
  if (!head.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`Not a ${status}: ${bytes.toString()}`);
  return true;
}
