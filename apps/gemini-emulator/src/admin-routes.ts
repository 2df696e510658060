import type { IncomingMessage, ServerResponse } from "node:http";
import type { Emulator } from "./emulator.ts";
import { knownModels } from "./model-list.ts";
import { readBody } from "./read-body.ts";
import type { Recordings } from "./recordings.ts";
import type { Rules } from "./rules.ts";

/** The emulator's own routes under `/_emulator`, and `/healthz`. @returns false if the path is none of them */
export async function answerAdmin(
  emulator: Emulator,
  path: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  const requestId = /^\/_emulator\/requests\/([^/]+)$/.exec(path)?.[1];
  if (req.method === "GET" && requestId !== undefined) sendRequest(emulator, requestId, res);
  else {
    switch (`${req.method} ${path}`) {
      case "GET /healthz":
        sendJson(res, 200, { status: "ok" });
        break;
      case "GET /_emulator/bill":
        sendJson(res, 200, emulator.bill);
        break;
      case "POST /_emulator/rules":
        await add("rule", emulator.rules, req, res);
        break;
      case "DELETE /_emulator/rules":
        emulator.rules.clear();
        sendNothing(res);
        break;
      case "POST /_emulator/recordings":
        await add("recording", emulator.recordings, req, res);
        break;
      case "DELETE /_emulator/recordings":
        emulator.recordings.clear();
        sendNothing(res);
        break;
      case "GET /_emulator/models":
        sendJson(res, 200, {
          date: new Date(emulator.now()).toISOString(),
          lenient: emulator.lenient,
          models: knownModels(emulator.now()),
        });
        break;
      case "POST /_emulator/reset":
        emulator.bill.reset();
        emulator.rules.clear();
        emulator.recordings.clear();
        emulator.requests.clear();
        emulator.promptCache.clear();
        sendNothing(res);
        break;
      default:
        return false;
    }
  }
  return true;
}

function sendRequest(emulator: Emulator, id: string, res: ServerResponse): void {
  const body = emulator.requests.get(id);
  if (!body) {
    sendJson(res, 404, { error: "No such request. The last 10,000 are kept, 256 MB at most." });
    return;
  }
  res.writeHead(200, { "content-type": "application/json; charset=UTF-8", "content-length": body.length });
  res.end(body);
}

/** @param what it is that is added, in words for people */
async function add(
  what: "rule" | "recording",
  list: Rules | Recordings,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const body = await readBody(req);
  if (body === "gone") return;
  if (body === "too large") {
    sendJson(res, 413, { error: `The ${what} is too large.` });
    return;
  }
  let fault: string | null;
  try {
    fault = list.addJson(JSON.parse(body.toString("utf8")));
  } catch {
    sendJson(res, 400, { error: `The ${what} is not JSON, or nested too deeply.` });
    return;
  }
  if (fault === null) sendJson(res, 201, { added: true });
  else sendJson(res, 400, { error: `The ${what} is not right:\n${fault}` });
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": Buffer.byteLength(body),
  });
  res.end(body);
}

function sendNothing(res: ServerResponse): void {
  res.writeHead(204);
  res.end();
}
