import type { IncomingMessage } from "node:http";

/** Gemini takes 20 MB of inline data, which is 27 MB in base64, and a little around it. */
export const BODY_BYTES_MAX = 30 * 1024 * 1024;

/** After a refusal the rest of a body is read and dropped for so long, so that the client reads the answer. */
const DISCARD_MS = 5_000;

/** @returns the body; "too large" beyond 30 MB; "gone" when the client left before it was complete */
export function readBody(req: IncomingMessage): Promise<Buffer | "too large" | "gone"> {
  if (Number(req.headers["content-length"]) > BODY_BYTES_MAX) {
    discard(req);
    return Promise.resolve("too large");
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) {
        chunks.push(chunk);
        return;
      }
      req.removeAllListeners("data");
      chunks.length = 0;
      discard(req);
      resolve("too large");
    });
    req.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes)));
    req.on("error", () => resolve("gone"));
    req.on("close", () => resolve("gone"));
  });
}

function discard(req: IncomingMessage): void {
  req.on("error", () => undefined);
  req.resume();
  const timer = setTimeout(() => req.socket.destroy(), DISCARD_MS);
  timer.unref();
  req.on("end", () => clearTimeout(timer));
}
