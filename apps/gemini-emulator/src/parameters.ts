import { GeminiError } from "./gemini-error.ts";
import type { Serving } from "./lifecycle.ts";
import type { Model } from "./models.ts";
import type { Content, GenerateRequest, GenerationConfig } from "./protocol.ts";
import { checkThinking } from "./thinking.ts";

/** How a request is made, and how strictly it is judged. */
interface Manner {
  streams: boolean;
  /** Takes what Google refuses. */
  lenient: boolean;
}

/**
 * Judges by the model that answers; thinking also by the one that was asked for, since Google does not say which of the
 * two counts where it routes.
 * @throws GeminiError 400, in Google's words, for what the model does not take
 */
export function checkParameters(request: GenerateRequest, serving: Serving, manner: Manner): void {
  const { generationConfig: config, contents } = request;
  checkOutputTokens(serving.served, config, manner);
  if ((config.candidateCount ?? 1) > 1) {
    throw new GeminiError(400, "Multiple candidates is not enabled for this model");
  }
  if (!manner.lenient) {
    // Google takes a penalty of 0, which changes nothing.
    if (config.frequencyPenalty || config.presencePenalty) {
      throw new GeminiError(400, "Penalty is not enabled for this model");
    }
    if (!serving.served.takesModelTurn) checkLastTurn(contents.at(-1));
  }
  checkThinking(serving, config, manner.lenient);
  checkSchema(config);
}

/** The most tokens of one answer, thoughts included. */
export function outputTokensMax(model: Model, { streams, lenient }: Manner): number {
  return streams || lenient ? model.outputTokensMax : model.unaryOutputTokensMax;
}

function checkOutputTokens(model: Model, { maxOutputTokens = 1 }: GenerationConfig, manner: Manner): void {
  const most = outputTokensMax(model, manner);
  if (maxOutputTokens <= most) return;
  throw new GeminiError(
    400,
    `Unable to submit request because it has a maxOutputTokens value of ${maxOutputTokens} but the supported range is from 1 (inclusive) to ${most + 1} (exclusive). Update the value and try again.`,
  );
}

function checkLastTurn(turn: Content | undefined): void {
  if (turn?.role !== "model" || turn.parts.at(-1)?.functionResponse) return;
  throw new GeminiError(
    400,
    "Requests ending with a model turn are not supported unless the last part is a function response.",
  );
}

function checkSchema(config: GenerationConfig): void {
  const { responseSchema, responseJsonSchema, responseMimeType } = config;
  if (responseSchema === undefined && responseJsonSchema === undefined) return;
  if (responseSchema !== undefined && responseJsonSchema !== undefined) {
    throw new GeminiError(400, "Only one of response_schema and response_json_schema can be set.");
  }
  if (!["application/json", "text/x.enum"].includes(responseMimeType ?? "")) {
    throw new GeminiError(
      400,
      "* GenerateContentRequest.generation_config.response_mime_type: a response schema is only allowed with application/json or text/x.enum",
    );
  }
  if (typeof responseJsonSchema === "boolean" || typeof (responseSchema ?? responseJsonSchema) !== "object") {
    throw new GeminiError(400, "Invalid value at 'generation_config.response_json_schema': not a schema.");
  }
}
