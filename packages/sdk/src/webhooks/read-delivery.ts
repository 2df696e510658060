import { WebhookVerificationError } from "./verification-error.ts";

/** Headers in any of the forms that frameworks have. */
export type HeaderSource =
  | { get(name: string): string | null }
  | Record<string, string | readonly string[] | undefined>;

/** A Request of fetch, as Next.js, Hono, Deno and edge runtimes have it. */
interface FetchRequest {
  headers: { get(name: string): string | null };
  bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Node's IncomingMessage, as Express has it; with `express.raw()` its body is there, else it is read here. */
interface NodeRequest extends AsyncIterable<unknown> {
  headers: Record<string, string | string[] | undefined>;
  readableEnded: boolean;
  /** As a body parser left it. */
  body?: unknown;
  /** As some platforms keep it beside a parsed body. */
  rawBody?: unknown;
}

/** What every other framework can give: the headers, and the body as it came. */
interface PlainRequest {
  headers: HeaderSource;
  body: string | Uint8Array | ArrayBuffer;
}

export type WebhookRequest = FetchRequest | NodeRequest | PlainRequest;

/** A webhook, taken apart and not believed yet. */
interface Delivery {
  id: string;
  /** Unix seconds, as they were sent. */
  timestamp: string;
  /** Base64, those of the version that is known. */
  signatures: string[];
  body: Uint8Array;
}

/** @throws WebhookVerificationError where it is not there, or not whole */
export async function readDelivery(request: WebhookRequest): Promise<Delivery> {
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;
  const [id, timestamp, signature] = names.map((name) => headerOf(request.headers, name));
  if (!id || !timestamp || !signature || !/^\d{1,12}$/.test(timestamp)) {
    const missing = names.filter((name) => !headerOf(request.headers, name));
    throw new WebhookVerificationError(
      "missing_headers",
      missing.length > 0
        ? `It has no ${missing.join(", no ")}: it is no webhook, or something before you takes headers away.`
        : "Its webhook-timestamp is no time in seconds.",
    );
  }
  return { id, timestamp, signatures: signaturesOf(signature), body: await bodyOf(request) };
}

function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (typeof headers.get === "function") return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found.join(" ") : (found as string | undefined);
}

/** `v1,<base64>`, several of them during a rotation. */
function signaturesOf(header: string): string[] {
  return header
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .map((one) => one.slice("v1,".length));
}

async function bodyOf(request: WebhookRequest): Promise<Uint8Array> {
  if ("arrayBuffer" in request && typeof request.arrayBuffer === "function") {
    if (request.bodyUsed) throw consumed("call verifyWebhook(request) in place of request.json() or .text()");
    return new Uint8Array(await request.arrayBuffer());
  }
  const { rawBody, body } = request as Partial<NodeRequest>;
  const given = bytesOf(rawBody) ?? bytesOf(body);
  if (given) return given;
  if (typeof body === "object" && body !== null) {
    throw consumed('for this route use express.raw({ type: "application/json" }) in place of express.json()');
  }
  if (!(Symbol.asyncIterator in request)) {
    throw consumed("give the body as it came, as a string or bytes");
  }
  if (request.readableEnded) throw consumed("give it the request before anything reads its body");
  return await readAll(request);
}

function consumed(remedy: string): WebhookVerificationError {
  return new WebhookVerificationError(
    "body_parsed",
    `The body was parsed already, and what is signed are its bytes: ${remedy}.`,
  );
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return undefined;
}

async function readAll(chunks: AsyncIterable<unknown>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const bytes = bytesOf(chunk);
    if (bytes) parts.push(bytes);
  }
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
