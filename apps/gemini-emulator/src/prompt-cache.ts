import { createHash } from "node:crypto";
import type { GenerateRequest } from "./protocol.ts";

const BYTES_PER_TOKEN = 4;
const TOKENS_PER_BLOCK = 256;
const BYTES_PER_BLOCK = TOKENS_PER_BLOCK * BYTES_PER_TOKEN;
/** Of one prompt no more than this is remembered: 262,144 tokens. */
const BLOCKS_MAX = 1024;
/** About 10 MB of memory; the longest unused is forgotten first. */
const KNOWN_BLOCKS_MAX = 100_000;

/**
 * Gemini's implicit caching: knows which beginnings of prompts a model has seen. Each block's hash contains
 * that of the block before it, so that one look-up tells whether everything up to there was seen.
 * Only text counts, up to the first part that is something else.
 */
export class PromptCache {
  /** In order of last use. */
  private readonly known = new Set<string>();

  /**
   * Remembers this prompt and tells how much of it was there already.
   * @param from the fewest tokens that the model caches
   * @returns tokens, a multiple of 256, 0 or at least `from`
   */
  useAndRemember(modelId: string, request: GenerateRequest, from: number): number {
    const text = leadingText(request);
    if (text.length < from * BYTES_PER_TOKEN) return 0;
    const chain = blockHashes(modelId, text);
    let seen = chain.length;
    while (seen > 0 && !this.known.has(chain[seen - 1] ?? "")) seen--;
    for (const block of chain) {
      this.known.delete(block);
      this.known.add(block);
    }
    this.forgetOldest();
    return seen * TOKENS_PER_BLOCK >= from ? seen * TOKENS_PER_BLOCK : 0;
  }

  clear(): void {
    this.known.clear();
  }

  private forgetOldest(): void {
    for (const block of this.known) {
      if (this.known.size <= KNOWN_BLOCKS_MAX) return;
      this.known.delete(block);
    }
  }
}

function leadingText(request: GenerateRequest): Buffer {
  const texts: string[] = [];
  for (const content of [request.systemInstruction, ...request.contents]) {
    for (const part of content?.parts ?? []) {
      if (part.text === undefined) return Buffer.from(texts.join(""));
      texts.push(part.text);
    }
  }
  return Buffer.from(texts.join(""));
}

function blockHashes(modelId: string, text: Buffer): string[] {
  const blocks = Math.min(BLOCKS_MAX, Math.floor(text.length / BYTES_PER_BLOCK));
  const chain: string[] = [];
  let before = modelId;
  for (let block = 0; block < blocks; block++) {
    const bytes = text.subarray(block * BYTES_PER_BLOCK, (block + 1) * BYTES_PER_BLOCK);
    before = createHash("sha1").update(before).update(bytes).digest("base64");
    chain.push(before);
  }
  return chain;
}
