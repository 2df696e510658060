import type { IncomingMessage, ServerResponse } from "node:http";
import type { Emulator } from "./emulator.ts";
import { GeminiError } from "./gemini-error.ts";
import { getModel, listModels } from "./model-list.ts";
import { checkKey, decodePath, readKey } from "./read-request.ts";
import { JSON_TYPE } from "./wire.ts";

const MODELS_PATH = /^\/(v1|v1beta)\/models(?:\/([^/:]+))?$/;

/**
 * Answers `models.list` and `models.get`, which are free and stand on no bill.
 * @returns false if the path is neither
 */
export function answerModels(
  emulator: Emulator,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const [found, apiVersion = "", name] = MODELS_PATH.exec(decodePath(url.pathname)) ?? [];
  if (req.method !== "GET" || found === undefined) return false;
  let status = 200;
  let body: string;
  try {
    checkKey(readKey(req, url));
    const now = emulator.now();
    const shown = name === undefined ? listModels(url.searchParams, now) : getModel(name, apiVersion, now);
    body = JSON.stringify(shown, null, 2);
  } catch (error) {
    const refusal = error instanceof GeminiError ? error : new GeminiError(400);
    status = refusal.httpStatus;
    body = refusal.toBody();
  }
  req.resume();
  res.writeHead(status, {
    "content-type": JSON_TYPE,
    "content-length": Buffer.byteLength(body),
    "x-understudy-provider": "emulator",
  });
  res.end(body);
  return true;
}
