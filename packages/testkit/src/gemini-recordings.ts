import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A real answer of Gemini, as it came over the wire; `shared/data/gemini-recordings` tells where from. */
export interface Recording {
  name: string;
  model: string;
  stream: boolean;
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** How each recording has to end that is no plain answer, by its file's name: worked out by hand from its body. */
export const oddEnds: Record<string, object> = {
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

/** Names of all recordings; undefined where there is no `shared/data/gemini-recordings` beside or above the project. */
export const recordingNames =
  folder === undefined
    ? undefined
    : readdirSync(folder).flatMap((name) => (name.endsWith(".json") ? [name.replace(/\.json$/, "")] : []));

export function readRecording(name: string): Recording {
  return JSON.parse(readFileSync(join(folder ?? "", `${name}.json`), "utf8"));
}

function findFolder(above: string): string | undefined {
  const found = join(above, "shared/data/gemini-recordings");
  if (existsSync(found)) return found;
  return dirname(above) === above ? undefined : findFolder(dirname(above));
}
