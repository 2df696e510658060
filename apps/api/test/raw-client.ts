import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

/** A connection whose every byte the test sends itself. */
export interface RawClient {
  socket: Socket;
  /** All that came until the other side ended it. @throws where it was reset */
  all: Promise<string>;
}

/** Connects, and sends what it is given. */
export async function connectRaw(port: number, sent = ""): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  if (sent !== "") socket.write(sent);
  const all = text(socket);
  // Looked at later.
  all.catch(() => {});
  return { socket, all };
}

/** A request as it goes over the wire. */
export function rawRequest(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {},
): string {
  const content = body === undefined ? "" : JSON.stringify(body);
  const lines = Object.entries({
    host: "127.0.0.1",
    ...(content !== "" && {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(content)),
    }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${content}`;
}
