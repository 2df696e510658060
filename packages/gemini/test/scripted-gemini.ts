import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { GeminiClient, type GenerationRequest } from "../src/gemini-client.ts";

/** A request as it came over the wire. */
interface WireRequest {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
  /** Of the connection: tells whether it is used again. */
  clientPort: number | undefined;
}

/** What was asked since the test began. */
export let requests: WireRequest[] = [];

let answer: (response: ServerResponse, request: WireRequest) => void;

/** How the server answers for the rest of the test. */
export function answerWith(next: typeof answer): void {
  answer = next;
}

export function answerJson(
  body: unknown,
  status = 200,
  headers: Record<string, string | string[]> = {},
): void {
  answerWith((response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

/** A piece of a streamed answer. */
export function event(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\r\n\r\n`;
}

export const piece = (text: string, more: object = {}) => ({
  candidates: [{ content: { parts: [{ text }] }, ...more }],
});

export let client: GeminiClient;
export let baseUrl: string;

const server = createServer((request, response) => {
  let text = "";
  request.on("data", (part) => {
    text += part;
  });
  request.on("end", () => {
    const { method, url: path, headers, socket } = request;
    const wire = { method, path, headers, body: JSON.parse(text), clientPort: socket.remotePort };
    requests.push(wire);
    answer(response, wire);
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  client = new GeminiClient({ apiKey: "secret", baseUrl });
  requests = [];
  answerJson(piece("Hi", { finishReason: "STOP" }));
});

afterEach(() => client.close());

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let calls = 0;

export function requestOf(more: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    callId: `call_${++calls}`,
    model: "gemini-2.5-flash",
    system: "Be kind.",
    parts: ["Hello", "again"],
    serviceTier: "standard",
    maxOutputTokens: 100,
    thinking: { thinkingBudget: 5 },
    timeoutSeconds: 60,
    signal: new AbortController().signal,
    ...more,
  };
}
