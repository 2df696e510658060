// The barest node:http server: it answers a body with the same bytes, and a GET with what it was given.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { peerOptions, serve } from "./peer.ts";

const { headers, body } = peerOptions(
  z.object({ headers: z.record(z.string(), z.string()), body: z.string() }),
);
const bodyLength = Buffer.byteLength(body);

await serve(createServer((request, response) => void answer(request, response)));

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === "GET") {
    response.writeHead(200, { ...headers, "content-length": bodyLength }).end(body);
    return;
  }
  const chunks: Buffer[] = [];
  request
    .on("data", (chunk: Buffer) => chunks.push(chunk))
    .on("end", () => {
      const bytes = Buffer.concat(chunks);
      response.writeHead(200, { ...headers, "content-length": bytes.length }).end(bytes);
    });
}
