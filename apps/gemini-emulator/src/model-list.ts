import { GeminiError } from "./gemini-error.ts";
import { isShutDown, listedModels, servedModel } from "./lifecycle.ts";
import { MODELS, type Model, normalizeModelId } from "./models.ts";

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1_000;

/** A model as `models.list` shows it: limits, no price and nothing of its lifecycle. */
interface ListedModel {
  name: string;
  [field: string]: unknown;
}

/**
 * One page of `models.list`.
 * @throws GeminiError 400 for a size or a token that is none
 */
export function listModels(
  query: URLSearchParams,
  now: number,
): { models: ListedModel[]; nextPageToken?: string } {
  const size = wholeNumber(query, "pageSize") || PAGE_SIZE;
  const from = wholeNumber(query, "pageToken");
  const models = listedModels(now);
  const end = from + Math.min(size, PAGE_SIZE_MAX);
  return {
    models: models.slice(from, end).map(listed),
    ...(end < models.length && { nextPageToken: String(end) }),
  };
}

/** @throws GeminiError 404 */
export function getModel(name: string, apiVersion: string, now: number): ListedModel {
  const id = normalizeModelId(name);
  const model = listedModels(now).find((one) => one.id === id);
  if (model) return listed(model);
  throw new GeminiError(
    404,
    `Model is not found: models/${name.slice(0, 200)} for api version ${apiVersion}`,
  );
}

/** All that the emulator knows of its models, for people and tests. */
export function knownModels(now: number) {
  return [...MODELS.values()].map((model) => ({
    ...model,
    servedBy: isShutDown(model.lifecycle, now) ? null : servedModel(model, now).id,
  }));
}

function listed({ id, purpose, inputTokensMax, outputTokensMax, thinking }: Model): ListedModel {
  const shared = {
    name: `models/${id}`,
    baseModelId: id,
    version: "001",
    displayName: displayName(id),
    description: "Played by the emulator.",
    inputTokenLimit: inputTokensMax,
    outputTokenLimit: outputTokensMax,
  };
  if (purpose === "embed") return { ...shared, supportedGenerationMethods: ["embedContent", "countTokens"] };
  return {
    ...shared,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    temperature: 1,
    maxTemperature: 2,
    topP: 0.95,
    topK: 64,
    ...(thinking !== null && { thinking: true }),
  };
}

/** `gemini-3.5-flash-lite` is Gemini 3.5 Flash Lite. */
function displayName(id: string): string {
  return id
    .split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");
}

/** @returns 0 where there is none */
function wholeNumber(query: URLSearchParams, name: "pageSize" | "pageToken"): number {
  const text = query.get(name) ?? "";
  if (/^\d{0,6}$/.test(text)) return Number(text);
  throw new GeminiError(400, `Invalid value at '${name}': ${JSON.stringify(text.slice(0, 80))}`);
}
