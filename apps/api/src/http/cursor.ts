import { z } from "zod";
import { ProblemError } from "./problem-error.ts";

const place = z.tuple([z.iso.datetime(), z.string().max(80)]);

/** An opaque cursor: where the next page begins. */
export function encodeCursor(at: { startedAt: Date; id: string }): string {
  return Buffer.from(JSON.stringify([at.startedAt.toISOString(), at.id])).toString("base64url");
}

/** @throws a 400 problem where it is not one of ours */
export function decodeCursor(cursor: string): { startedAt: Date; id: string } {
  try {
    const [startedAt, id] = place.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    return { startedAt: new Date(startedAt), id };
  } catch {
    throw new ProblemError(400, "invalid_request", "The cursor is not one that this list has given.", {
      errors: [{ pointer: "cursor", detail: "must be a nextCursor of this list" }],
    });
  }
}
