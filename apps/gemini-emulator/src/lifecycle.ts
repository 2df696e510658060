import { GeminiError } from "./gemini-error.ts";
import { type Lifecycle, type Method, MODELS, type Model, normalizeModelId, SUCCESSORS } from "./models.ts";

/** Who asks, and when. */
export interface Asker {
  apiVersion: string;
  apiKey: string;
  /** The emulator's date, in milliseconds since 1970. */
  now: number;
  /** What is not out yet, shut down or closed to new projects answers all the same. */
  lenient: boolean;
}

/** The model that is asked for, and the one that Google has answer: another one where it is routed. */
export interface Serving {
  asked: Model;
  served: Model;
}

/** Google's `modelStatus`, in the answers of models that are to go. */
export interface ModelStatus {
  modelStage: "DEPRECATED";
  retirementTime?: string;
  message: string;
}

const API_VERSIONS: ReadonlySet<string> = new Set(["v1", "v1beta"]);

/** An API key that begins so is of a project that never used a model before. */
const NEW_PROJECT = "new-";

/** @throws GeminiError 404 when there is no such model yet, any more or at all, or it cannot do what is asked */
export function findModel(name: string, method: Method, asker: Asker): Serving {
  const { apiVersion, apiKey, now, lenient } = asker;
  const shown = `models/${name.replace(/^(?:models\/)+/, "").slice(0, 200)}`;
  const id = normalizeModelId(name);
  const asked = MODELS.get(id);
  if (!API_VERSIONS.has(apiVersion) || !asked || !canDo(asked, method)) {
    throw successorOf(id) === undefined
      ? notFound(shown, method, apiVersion)
      : gone(shown, "", successorOf(id));
  }
  const { lifecycle } = asked;
  if (!lenient) {
    if (!hasBegun(lifecycle.releasedOn, now)) throw notFound(shown, method, apiVersion);
    if (isShutDown(lifecycle, now)) throw gone(shown, "", lifecycle.successor);
    if (lifecycle.closedToNew && apiKey.startsWith(NEW_PROJECT)) {
      throw gone(shown, " to new users", lifecycle.successor);
    }
  }
  return { asked, served: servedModel(asked, now) };
}

/** What `models.list` shows: all that answers at that time. */
export function listedModels(now: number): Model[] {
  return [...MODELS.values()].filter(
    ({ lifecycle }) => hasBegun(lifecycle.releasedOn, now) && !isShutDown(lifecycle, now),
  );
}

/** The model that answers where this one is asked for. */
export function servedModel(asked: Model, now: number): Model {
  const { routed } = asked.lifecycle;
  return (routed && hasBegun(routed.from, now) && MODELS.get(routed.to)) || asked;
}

export function modelStatus({ asked, served }: Serving): ModelStatus | undefined {
  const { deprecated, retiresOn, routed } = asked.lifecycle;
  if (!deprecated) return undefined;
  const successor = routed && ` ${asked === served ? "Use" : "It is served by"} models/${routed.to}.`;
  return {
    modelStage: "DEPRECATED",
    ...(retiresOn !== undefined && { retirementTime: new Date(retiresOn).toISOString() }),
    message: `models/${asked.id} is deprecated.${successor ?? ""}`,
  };
}

export function isShutDown({ retiresOn, routed }: Lifecycle, now: number): boolean {
  return retiresOn !== undefined && !routed && hasBegun(retiresOn, now);
}

export function hasBegun(day: string, now: number): boolean {
  return Date.parse(day) <= now;
}

function canDo(model: Model, method: Method): boolean {
  const embeds = method === "embedContent" || method === "batchEmbedContents";
  return method === "countTokens" || (model.purpose === "embed") === embeds;
}

function successorOf(id: string): string | undefined {
  if (/^gemini-2\.5-.*\bpreview\b/.test(id)) return "gemini-3.8-flash";
  return SUCCESSORS.get(id);
}

function notFound(shown: string, method: Method, apiVersion: string): GeminiError {
  return new GeminiError(
    404,
    `${shown} is not found for API version ${apiVersion}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  );
}

function gone(shown: string, whom: string, successor: string | undefined): GeminiError {
  const use = successor === undefined ? "a newer model" : `models/${successor}`;
  return new GeminiError(
    404,
    `This model ${shown} is no longer available${whom}. Please update your code to use ${use} for the latest features and improvements.`,
  );
}
