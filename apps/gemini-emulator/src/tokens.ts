import type { Content, GenerateRequest, Part } from "./protocol.ts";

// Tokens are counted by length: one for each four bytes of UTF-8, rounded up for each part of a request.
// Google says of its tokenizer "about 4 characters" (ai.google.dev/gemini-api/docs/tokens); bytes make
// scripts other than Latin dearer, as they are. Nothing is added for roles or framing, so the count of a
// whole is the sum of the counts of its parts: countTokens, embeddings and generation always agree.

export type Modality = "TEXT" | "IMAGE" | "AUDIO" | "VIDEO" | "DOCUMENT";
export type TokensByModality = Map<Modality, number>;

const BYTES_PER_TOKEN = 4;
/** A small image or a page costs this many tokens at Google. */
const IMAGE_TOKENS = 258;
/** Google: 32 tokens a second of audio, 263 a second of video; a second is taken as 16 kB and 250 kB. */
const AUDIO_TOKENS_PER_BYTE = 32 / 16_000;
const VIDEO_TOKENS_PER_BYTE = 263 / 250_000;

/** @returns tokens: ceil(UTF-8 bytes / 4), so 0 for nothing and at least 1 for anything */
export function countTextTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / BYTES_PER_TOKEN);
}

/** The longest beginning of `text` that costs no more than `tokensMax`, cut between characters. */
export function cutToTokens(text: string, tokensMax: number): string {
  if (countTextTokens(text) <= tokensMax) return text;
  const bytes = Buffer.from(text, "utf8");
  let end = Math.max(0, tokensMax * BYTES_PER_TOKEN);
  // 10xxxxxx is the inside of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString("utf8");
}

/** What a generation request's prompt costs: system instruction, contents and declared tools. */
export function countPromptTokens(
  request: Pick<GenerateRequest, "contents" | "systemInstruction" | "tools">,
) {
  const tokens: TokensByModality = new Map();
  if (request.systemInstruction) addContent(tokens, request.systemInstruction);
  for (const content of request.contents) addContent(tokens, content);
  if (request.tools && request.tools.length > 0) {
    add(tokens, "TEXT", countTextTokens(JSON.stringify(request.tools)));
  }
  return tokens;
}

/** What contents cost by themselves, as countTokens and the embedding methods count them. */
export function countContentTokens(contents: readonly Content[]): TokensByModality {
  const tokens: TokensByModality = new Map();
  for (const content of contents) addContent(tokens, content);
  return tokens;
}

export function sumTokens(tokens: TokensByModality): number {
  let sum = 0;
  for (const count of tokens.values()) sum += count;
  return sum;
}

/** As Gemini lists them: `[{modality: "TEXT", tokenCount: 12}]`. */
export function modalityDetails(tokens: TokensByModality): { modality: Modality; tokenCount: number }[] {
  return [...tokens].map(([modality, tokenCount]) => ({ modality, tokenCount }));
}

function addContent(tokens: TokensByModality, content: Content): void {
  for (const part of content.parts) addPart(tokens, part);
}

function addPart(tokens: TokensByModality, part: Part): void {
  if (part.text) add(tokens, "TEXT", countTextTokens(part.text));
  if (part.inlineData) {
    const bytes = Math.floor((part.inlineData.data.length * 3) / 4);
    addMedia(tokens, part.inlineData.mimeType, bytes);
  }
  if (part.fileData) addMedia(tokens, part.fileData.mimeType ?? "", 0);
  if (part.functionCall) add(tokens, "TEXT", countTextTokens(JSON.stringify(part.functionCall)));
  if (part.functionResponse) add(tokens, "TEXT", countTextTokens(JSON.stringify(part.functionResponse)));
}

function addMedia(tokens: TokensByModality, mimeType: string, bytes: number): void {
  if (mimeType.startsWith("audio/"))
    add(tokens, "AUDIO", Math.max(32, Math.ceil(bytes * AUDIO_TOKENS_PER_BYTE)));
  else if (mimeType.startsWith("video/"))
    add(tokens, "VIDEO", Math.max(263, Math.ceil(bytes * VIDEO_TOKENS_PER_BYTE)));
  else if (mimeType.startsWith("image/")) add(tokens, "IMAGE", IMAGE_TOKENS);
  else if (mimeType.startsWith("text/")) add(tokens, "TEXT", Math.ceil(bytes / BYTES_PER_TOKEN));
  else add(tokens, "DOCUMENT", IMAGE_TOKENS);
}

function add(tokens: TokensByModality, modality: Modality, count: number): void {
  if (count > 0) tokens.set(modality, (tokens.get(modality) ?? 0) + count);
}
