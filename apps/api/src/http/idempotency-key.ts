import { idempotencyKey } from "@understudy/contracts";
import type { Request } from "express";
import { parseHeader } from "./parse.ts";

/**
 * The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07: a string in quotes), with its quotes or
 * without.
 * @throws a 400 problem where it is none
 */
export function readIdempotencyKey(request: Request): string | undefined {
  const text = request.get("idempotency-key");
  if (text === undefined) return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  return parseHeader(idempotencyKey, quoted ?? text, "Idempotency-Key");
}
