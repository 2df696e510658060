import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { answerAdmin } from "./admin-routes.ts";
import type { Emulator } from "./emulator.ts";
import { GeminiError } from "./gemini-error.ts";
import { answerCall, readCall } from "./gemini-routes.ts";
import { answerModels } from "./model-routes.ts";

// Plain node:http, not the house's Express: there is one pattern of path, no middleware, bodies are kept as
// they arrive, and faults need the socket itself. It stands in every benchmark of the whole job, where each
// microsecond of its own would be taken for Understudy's.

/** Pools keep idle connections for about a minute; the server must not be the first to let go. */
const KEEP_ALIVE_MS = 120_000;

/**
 * The HTTP server of an emulator, not yet listening.
 * @param onError told of faults of the emulator's own
 * @param hosts by which it is asked for. A page of another site must not reach it through a browser on this machine, by a name
 *   of its own that leads here either (DNS rebinding): it would read prompts, and wipe the bill.
 */
export function createEmulatorServer(
  emulator: Emulator,
  onError: (error: unknown) => void,
  hosts: ReadonlySet<string>,
): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    if (!isAskedByOwn(req, hosts)) return refuse(req, res);
    answer(emulator, req, res).catch((error: unknown) => {
      onError(error);
      res.destroy();
    });
  });
  // A client that leaves in the middle of anything is no fault of the emulator's.
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

async function answer(emulator: Emulator, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = parseUrl(req.url ?? "/");
  if (url) {
    const call = readCall(req, url);
    if (call) return answerCall(emulator, call, req, res);
    if (answerModels(emulator, url, req, res)) return;
    if (await answerAdmin(emulator, url.pathname, req, res)) return;
  }
  req.resume();
  const body = new GeminiError(404).toBody();
  res.writeHead(404, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": Buffer.byteLength(body),
    "x-understudy-provider": "emulator",
  });
  res.end(body);
}

function isAskedByOwn(
  { headers: { host = "", origin } }: IncomingMessage,
  hosts: ReadonlySet<string>,
): boolean {
  if (!hosts.has(nameOf(host))) return false;
  return origin === undefined || hosts.has(nameOf(origin.replace(/^https?:\/\//, "")));
}

/** Of a host without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  req.resume();
  const body = JSON.stringify({
    error: "The emulator answers its own host alone, and pages of no other: see EMULATOR_ALLOWED_HOSTS.",
  });
  res.writeHead(403, { "content-type": "application/json; charset=UTF-8" }).end(body);
}

function parseUrl(target: string): URL | null {
  try {
    return new URL(target, "http://emulator");
  } catch {
    return null;
  }
}
