import { creatorId, timeWithOffset } from "@understudy/contracts";
import { z } from "zod";
import { ProblemError } from "./problem-error.ts";

const place = z.tuple([timeWithOffset, z.string().regex(/^[\w.-]{1,80}$/)]);

/** An opaque cursor of a list in order of time: where the next page begins. */
export function encodeCursor(at: { startedAt: Date; id: string }): string {
  return encode([at.startedAt.toISOString(), at.id]);
}

/** @throws a 400 problem where it is not one of ours */
export function decodeCursor(cursor: string): { startedAt: Date; id: string } {
  const [startedAt, id] = decode(place, cursor);
  return { startedAt: new Date(startedAt), id };
}

/** The same of a list in order of creators' ids. */
export function encodeIdCursor(id: string): string {
  return encode(id);
}

/** @throws a 400 problem where it is not one of ours */
export function decodeIdCursor(cursor: string): string {
  return decode(creatorId, cursor);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode<Schema extends z.ZodType>(schema: Schema, cursor: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new ProblemError(400, "invalid_request", "The cursor is not one that this list has given.", {
      errors: [{ pointer: "cursor", detail: "must be a nextCursor of this list" }],
    });
  }
}
