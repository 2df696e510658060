import type { IncomingMessage } from "node:http";
import { GeminiError } from "./gemini-error.ts";

/** @returns the API key of a request, "" without one */
export function readKey(req: IncomingMessage, url: URL): string {
  return header(req, "x-goog-api-key") ?? url.searchParams.get("key") ?? "";
}

export function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** @throws GeminiError 403 */
export function checkKey(apiKey: string): void {
  if (apiKey !== "") return;
  throw new GeminiError(
    403,
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  );
}

export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
