import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readUsage } from "@understudy/ledger";
import { GeminiClient } from "../src/gemini-client.ts";
import type { Generation } from "../src/generation.ts";
import { requestOf } from "./scripted-gemini.ts";

interface Recording {
  name: string;
  model: string;
  stream: boolean;
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** How each recording has to end that is no plain answer, by its file's name: worked out by hand from its body. */
const ends: Record<string, object> = {
  "ga_streaming-failure-image-rejected": {
    kind: "refused",
    errorCode: "invalid_argument",
    words: { message: "Request contains an invalid argument." },
  },
  "ga_streaming-failure-prompt-blocked-safety": {
    blockReason: "SAFETY",
    isPromptBlocked: true,
    harmCategories: ["HARM_CATEGORY_HATE_SPEECH"],
  },
  "ga_streaming-failure-recitation-no-content": { blockReason: "RECITATION" },
  "ga_unary-failure-api-key": { kind: "refused", words: { reason: "API_KEY_INVALID" } },
  "ga_unary-failure-only-prompt-feedback": {
    blockReason: "BLOCK_REASON_UNSPECIFIED",
    isPromptBlocked: true,
  },
  "ga_unary-success-thinking-function-call-thought-summary-signature": { blockReason: "NO_TEXT" },
  pa_default_tools_use_validated_mode_0: { blockReason: "NO_TEXT" },
  pa_model_max_tokens_thinking_model_empty_response_0: { blockReason: "MAX_TOKENS" },
  pa_model_safety_settings_0: { blockReason: "SAFETY" },
  "pa_test_model_name_suggestion-google_0": { kind: "refused", errorCode: "not_found" },
  pa_vertex_service_tier_flex_0: { serviceTier: "flex" },
  "rg_error_envelope.nonexistent_model_error_preser_80": { kind: "refused", errorCode: "not_found" },
  "rg_generate_behaviors.max_tokens_truncation_pres_83": { finishReason: "MAX_TOKENS" },
  "rg_stream_terminal_matrix.max_tokens_truncated_s_225": { finishReason: "MAX_TOKENS" },
  "rg_thought_text_matrix.text_response_is_none_whe_260": { blockReason: "MAX_TOKENS" },
  "ve_google-429-retry-info": {
    kind: "refused",
    retryAfterMs: 34_400,
    words: { quota: ["GenerateRequestsPerMinutePerProjectPerModel-FreeTier"] },
  },
  "vx_streaming-failure-api-key": { kind: "refused", words: { reason: "API_KEY_INVALID" } },
  // Each of its pieces claims to be the last, none has a usage, and an error follows.
  "vx_streaming-failure-error-mid-stream": {
    kind: "lost",
    words: { message: "The operation was cancelled." },
  },
  "vx_streaming-failure-unknown-model": { kind: "refused", errorCode: "not_found" },
  "vx_unary-failure-api-key": { kind: "refused", words: { reason: "API_KEY_INVALID" } },
  "vx_unary-failure-empty-content": { kind: "lost" },
  "vx_unary-failure-finish-reason-safety-no-content": { blockReason: "SAFETY" },
  "vx_unary-failure-prompt-blocked-safety-with-message": { blockReason: "SAFETY", isPromptBlocked: true },
  "vx_unary-failure-unknown-enum-prompt-blocked": { blockReason: "FAKE_NEW_BLOCK_REASON" },
};

const folder = findFolder(dirname(fileURLToPath(import.meta.url)));
const names = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith(".json"));

/** `shared/data/gemini-recordings` beside one of the folders above. */
function findFolder(above: string): string | undefined {
  const found = join(above, "shared/data/gemini-recordings");
  if (existsSync(found)) return found;
  return dirname(above) === above ? undefined : findFolder(dirname(above));
}

let playing: Recording;
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    // As it is played here: neither compressed, nor in the pieces or of the length that it came in.
    const {
      "content-encoding": _coded,
      "transfer-encoding": _sent,
      "content-length": _length,
      ...headers
    } = playing.headers;
    response.writeHead(playing.status, headers).end(playing.body);
  });
});
let client: GeminiClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new GeminiClient({ apiKey: "secret", baseUrl });
});

afterAll(async () => {
  await client.close();
  server.close();
});

async function play(name: string): Promise<{ generation: Generation; heard: string; recording: Recording }> {
  playing = JSON.parse(readFileSync(join(folder ?? "", name), "utf8"));
  let heard = "";
  const onText = (text: string) => {
    heard += text;
  };
  const generation = await client.generate(requestOf(playing.stream ? { onText } : {}));
  return { generation, heard, recording: playing };
}

/** The last usage of a body that is told by its prompt, as the wire has it. */
function lastUsage({ stream, body }: Recording): Record<string, number> | undefined {
  const chunks = stream
    ? body.split(/\r?\n\r?\n/).flatMap((event) => (event.startsWith("data:") ? [event.slice(5)] : []))
    : [body];
  return chunks.map((chunk) => JSON.parse(chunk).usageMetadata).findLast((usage) => usage?.promptTokenCount);
}

const sum = (...counts: (number | undefined)[]) => counts.reduce((all: number, each = 0) => all + each, 0);

if (folder === undefined) {
  it.skip("real answers of Gemini: there is no shared/data/gemini-recordings beside or above the project", () => {});
} else {
  describe("a real answer of Gemini", () => {
    it("is told of here where it has an odd end", () => {
      expect(Object.keys(ends).filter((name) => !names.includes(`${name}.json`))).toEqual([]);
      expect(names).toHaveLength(62);
    });

    it.each(names)("ends as it has to: %s", async (name) => {
      const { generation, heard, recording } = await play(name);
      const end = ends[name.replace(/\.json$/, "")] ?? { finishReason: "STOP" };
      expect(generation).toMatchObject({ kind: "answered", ...end });
      if (generation.kind !== "answered") return;
      if (generation.blockReason === undefined) expect(generation.text.trim()).not.toBe("");
      if (recording.stream) expect(generation.text).toBe(heard);

      const told = lastUsage(recording);
      const read = readUsage(generation.usage);
      if (told === undefined) {
        expect(read).toBeUndefined();
        return;
      }
      expect(read).toMatchObject({
        prompt: told.promptTokenCount,
        cached: told.cachedContentTokenCount ?? 0,
        toolUse: told.toolUsePromptTokenCount ?? 0,
        thoughts: told.thoughtsTokenCount ?? 0,
        thoughtsInside: false,
        output: sum(told.candidatesTokenCount, read?.unnamed),
      });
      expect(sum(read?.prompt, read?.toolUse, read?.output, read?.thoughts)).toBe(told.totalTokenCount);
    });
  });
}
