import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it came. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Step = (response: ServerResponse, seen: Seen) => void;

/** An HTTP server that answers each request by the next step of a script, the last one again and again. */
export async function startScriptedApi(...script: Step[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
    seen.push(one);
    const step = script.length > 1 ? script.shift() : script[0];
    step?.(response, one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function json(status: number, body: object, headers: Record<string, string> = {}): Step {
  return (response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function problem(
  status: number,
  code: string,
  members: object = {},
  headers: Record<string, string> = {},
): Step {
  const body = {
    type: "t",
    title: "T",
    status,
    detail: `It is ${code}.`,
    code,
    requestId: "req_1",
    retryable: false,
  };
  return json(status, { ...body, ...members }, { "content-type": "application/problem+json", ...headers });
}

/** A stream of events, given as `[event, id, data]`, that ends behind them. */
export function events(...told: [string, string, object][]): Step {
  const texts = told.map(
    ([event, id, data]) => `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`,
  );
  return (response) => response.writeHead(200, { "content-type": "text/event-stream" }).end(texts.join(""));
}

/** The connection is cut before there is an answer. */
export const cut: Step = (response) => void response.socket?.destroy();

/** Of the answers that tests need, whatever was asked. */
export const accepted = json(202, {
  id: "job_1",
  agent: "test",
  creatorId: "psy",
  status: "queued",
  createdAt: "2026-11-25T10:00:00.000Z",
  admission: { position: 0, estimatedStartAt: "2026-11-25T10:00:00.000Z" },
  links: { self: "/api/ai/jobs/job_1", events: "/api/ai/jobs/job_1/events" },
});
