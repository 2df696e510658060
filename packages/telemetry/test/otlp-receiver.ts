import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  /** `service.name` of the resource. */
  service: string;
  traceId: string;
  spanId: string;
  /** Empty where it has none. */
  parentSpanId: string;
  name: string;
  /** Of OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  attributes: Record<string, unknown>;
  /** Whether its status is an error. */
  hasFailed: boolean;
  seconds: number;
}

export interface OtlpReceiver {
  url: string;
  spans: ReceivedSpan[];
  /** Bodies as they came. */
  bodies: Buffer[];
  stop(): Promise<void>;
}

/** A collector that takes traces by OTLP over HTTP, as protobuf. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isOurs =
      request.url === "/v1/traces" && request.headers["content-type"] === "application/x-protobuf";
    if (isOurs) {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      spans.push(...readTraces(body));
    }
    response.writeHead(isOurs ? 200 : 400, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A message's fields by number, each in the order in which it came. Numbers are those of opentelemetry-proto v1. */
type Fields = Map<number, (Buffer | bigint)[]>;

/** Source: protobuf.dev/programming-guides/encoding. */
function fieldsOf(message: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  function take(length: number): Buffer {
    at += length;
    return message.subarray(at - length, at);
  }
  while (at < message.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const value =
      wire === 0 ? varint() : wire === 1 ? take(8) : wire === 5 ? take(4) : take(Number(varint()));
    const number = tag >> 3;
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function messages(fields: Fields | undefined, number: number): Fields[] {
  return (fields?.get(number) ?? []).map((value) => fieldsOf(value as Buffer));
}

function bytes(fields: Fields, number: number): Buffer {
  return (fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
}

function readTraces(body: Buffer): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const resource = attributesOf(messages(messages(ofResource, 1)[0], 1));
    return messages(ofResource, 2).flatMap((ofScope) =>
      messages(ofScope, 2).map((span) => readSpan(span, String(resource["service.name"]))),
    );
  });
}

function readSpan(span: Fields, service: string): ReceivedSpan {
  const [status] = messages(span, 15);
  return {
    service,
    traceId: bytes(span, 1).toString("hex"),
    spanId: bytes(span, 2).toString("hex"),
    parentSpanId: bytes(span, 4).toString("hex"),
    name: bytes(span, 5).toString(),
    kind: Number(span.get(6)?.[0]),
    attributes: attributesOf(messages(span, 9)),
    hasFailed: status?.get(3)?.[0] === 2n,
    seconds: Number(bytes(span, 8).readBigUInt64LE() - bytes(span, 7).readBigUInt64LE()) / 1e9,
  };
}

function attributesOf(keyValues: Fields[]): Record<string, unknown> {
  return Object.fromEntries(
    keyValues.map((keyValue) => [
      bytes(keyValue, 1).toString(),
      anyValue(messages(keyValue, 2)[0] ?? new Map()),
    ]),
  );
}

function anyValue(any: Fields): unknown {
  if (any.has(1)) return bytes(any, 1).toString();
  if (any.has(2)) return any.get(2)?.[0] === 1n;
  if (any.has(3)) return Number(any.get(3)?.[0]);
  if (any.has(4)) return bytes(any, 4).readDoubleLE();
  return messages(messages(any, 5)[0], 1).map(anyValue);
}
