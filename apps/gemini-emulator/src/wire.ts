import { type Generation, usageSoFar } from "./generation.ts";
import { readSaid, type UsageMetadata } from "./usage.ts";

/** A part of an answer's body that is sent at once. */
export interface Piece {
  data: string;
  /** What is charged as soon as this piece is sent. */
  usage: UsageMetadata | null;
}

export interface Answer {
  status: number;
  contentType: string;
  pieces: Piece[];
  /** Charged from the request's arrival on; null if it is not charged at all. */
  usageAtStart: UsageMetadata | null;
  /** Charged where the answer is cut inside a piece; without it what the last whole piece says. */
  usageWhenCut?: UsageMetadata | null;
}

export const JSON_TYPE = "application/json; charset=UTF-8";

/** The answer of `generateContent`: charged as a whole, for by the time it is sent it was generated. */
export function unaryAnswer(generation: Generation, responseId: string): Answer {
  const usage = usageSoFar(generation, generation.text);
  const body = response(generation, responseId, {
    text: generation.text,
    first: true,
    last: true,
    usage,
  });
  return jsonAnswer(body, usage);
}

/**
 * The answer of `streamGenerateContent`: server-sent events, or with `sse` false one JSON array in pieces.
 * Each event's usage counts everything up to there, and is charged when the event is sent.
 */
export function streamAnswer(generation: Generation, responseId: string, sse: boolean): Answer {
  const chunks = chunksOf(generation.text);
  let soFar = "";
  const pieces = chunks.map((text, index) => {
    soFar += text;
    const last = index === chunks.length - 1;
    const usage = usageSoFar(generation, soFar);
    return { body: response(generation, responseId, { text, first: index === 0, last, usage }), usage };
  });
  return eventsAnswer(pieces, inputUsage(generation), sse);
}

/** A rule's body instead of all; what it says of usage is charged, else `usage`. */
export function rawAnswer(
  json: unknown,
  usage: UsageMetadata | null,
  stream: "sse" | "array" | null,
): Answer {
  const said = (value: unknown) => readSaid(value).usage;
  if (typeof json === "string" || stream === null) {
    const body = typeof json === "string" ? json : JSON.stringify(json);
    const charged = said(json) ?? usage;
    const contentType = stream === "sse" ? "text/event-stream" : JSON_TYPE;
    return { status: 200, contentType, pieces: [{ data: body, usage: charged }], usageAtStart: charged };
  }
  const events = Array.isArray(json) ? json : [json];
  const pieces = events.map((body: unknown) => ({ body, usage: said(body) ?? usage }));
  return eventsAnswer(pieces, usage, stream === "sse");
}

/** What is not streamed: charged whole from the start. */
export function jsonAnswer(body: unknown, usage: UsageMetadata | null): Answer {
  const data = JSON.stringify(body, null, 2);
  return { status: 200, contentType: JSON_TYPE, pieces: [{ data, usage }], usageAtStart: usage };
}

/** A refusal: not charged. */
export function errorAnswer(status: number, body: string): Answer {
  return { status, contentType: JSON_TYPE, pieces: [{ data: body, usage: null }], usageAtStart: null };
}

/** What is charged before anything is generated. */
export function inputUsage(generation: Generation): UsageMetadata {
  return usageSoFar({ ...generation, thoughtsTokens: 0 }, "");
}

function eventsAnswer(
  events: readonly { body: unknown; usage: UsageMetadata | null }[],
  usageAtStart: UsageMetadata | null,
  sse: boolean,
): Answer {
  const pieces = events.map(({ body, usage }, index) => {
    const json = JSON.stringify(body);
    if (sse) return { data: `data: ${json}\r\n\r\n`, usage };
    return { data: `${index === 0 ? "[" : ",\r\n"}${json}${index === events.length - 1 ? "]" : ""}`, usage };
  });
  return { status: 200, contentType: sse ? "text/event-stream" : JSON_TYPE, pieces, usageAtStart };
}

function response(
  generation: Generation,
  responseId: string,
  chunk: { text: string; first: boolean; last: boolean; usage: UsageMetadata },
) {
  const { modelVersion, modelStatus, blockReason, finishReason, thoughts } = generation;
  const end = { usageMetadata: chunk.usage, modelVersion, responseId, modelStatus };
  if (blockReason) return { promptFeedback: { blockReason }, ...end };
  const parts = [
    ...(thoughts && chunk.first ? [{ text: thoughts, thought: true }] : []),
    ...(chunk.text ? [{ text: chunk.text }] : []),
  ];
  const candidate = {
    content: { ...(parts.length > 0 && { parts }), role: "model" },
    ...(chunk.last && finishReason !== null && { finishReason }),
    index: 0,
  };
  return { candidates: [candidate], ...end };
}

/** Six pieces or so of whole words; long texts in pieces of about 160 characters. */
function chunksOf(text: string): string[] {
  const size = Math.min(160, Math.max(8, Math.ceil(text.length / 6)));
  const chunks: string[] = [];
  let chunk = "";
  for (const word of text.split(/(?<=\s)/)) {
    for (const characters of inPiecesOf(160, word)) {
      chunk += characters;
      if (chunk.length < size) continue;
      chunks.push(chunk);
      chunk = "";
    }
  }
  if (chunk || chunks.length === 0) chunks.push(chunk);
  return chunks;
}

/** Never cuts between the halves of a surrogate pair. */
function inPiecesOf(size: number, word: string): string[] {
  if (word.length <= size) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const character of word) {
    piece += character;
    if (piece.length < size) continue;
    pieces.push(piece);
    piece = "";
  }
  if (piece) pieces.push(piece);
  return pieces;
}
