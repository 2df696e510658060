import { expect, test } from "@jest/globals";
import { slowTextFor } from "@understudy/testkit/linear-time";
import { EventStreamReader } from "../src/event-stream.ts";
import { wordsOf } from "../src/provider-words.ts";
import { readFailure } from "../src/read-failure.ts";
import { scrubbed } from "../src/scrub.ts";

const bytes = (text: string) => Buffer.from(text);

/** The events of a text, in pieces of so many bytes. */
function eventsOf(text: string, pieceLength: number): unknown {
  const reader = new EventStreamReader();
  const all = bytes(text);
  const events: unknown[] = [];
  for (let at = 0; at < all.length; at += pieceLength) {
    events.push(...reader.add(all.subarray(at, at + pieceLength)));
  }
  return [...events, ...reader.end()];
}

const refused = (text: string, retryAfter = "") =>
  readFailure(new Error(text), {
    exchange: { status: 429, headers: { "retry-after": retryAfter, "x-request-id": retryAfter } },
    lostTo: "connection",
    provider: "gemini",
    prompts: [text],
    secrets: [],
  });

/** How each function reads what others write, beside the module whose patterns it uses. */
const readers: Record<string, readonly [string, (text: string) => unknown]> = {
  // What is read of an error is bounded, what was asked is not.
  "scrubbed, of a long prompt": [
    "scrub",
    (text) => scrubbed("Bad 'a' or 'b' aaaaaaaaaaaaaaaaaaaaaaaa", [text]),
  ],
  wordsOf: [
    "provider-words",
    (text) =>
      wordsOf(
        { status: "", retryDelay: "", message: text, reason: text, quota: [text], fields: [text] },
        undefined,
        { prompts: [text], secrets: ["a secret of mine"] },
      ),
  ],
  "readFailure, of a body": ["read-failure", (text) => refused(text)],
  "readFailure, of a delay": [
    "read-failure",
    (text) => refused(JSON.stringify({ error: { details: [{ retryDelay: text }] } })),
  ],
  "readFailure, of a header": ["read-failure", (text) => refused("", text)],
  "events, in one piece": ["event-stream", (text) => eventsOf(text, 1 << 20)],
  "events, in small pieces": ["event-stream", (text) => eventsOf(`data: ${text}`, 7)],
};

test.each(Object.entries(readers))(
  "%s takes four times as long for four times the text",
  (_, [module, read]) => {
    const modules = [module, "exchange-headers"].map((name) => new URL(`../src/${name}.ts`, import.meta.url));
    expect(slowTextFor(read, modules)).toBeUndefined();
  },
);
