import type { Request } from "express";
import type { z } from "zod";
import { type FieldFault, ProblemError } from "./problem-error.ts";
import { isJson } from "./read-json.ts";

/**
 * Parses a request's JSON body; none where the schema does without.
 * @param entries a field whose entries are judged one by one later, by `parseAt`
 * @throws a 400 problem that points to each wrong field
 */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  request: Request,
  entries?: string,
): z.output<Schema> {
  if (hasNoBody(request)) {
    const { success, data } = schema.safeParse(undefined);
    if (success) return data;
  }
  if (!isJson(request)) {
    throw new ProblemError(415, "unsupported_media_type", "Send the body as application/json.");
  }
  const { body } = request;
  const isJudgedLater = entries !== undefined && Array.isArray(body?.[entries]);
  const fault = findUnstorable(isJudgedLater ? { ...body, [entries]: [] } : body, "#", 0);
  if (fault) throw invalid([fault]);
  return parse(schema, body, (path) => `#${path.map((key) => `/${escapePointer(String(key))}`).join("")}`);
}

function hasNoBody({ headers }: Request): boolean {
  return Number(headers["content-length"] ?? 0) === 0 && headers["transfer-encoding"] === undefined;
}

/** Parses a request's query. @throws a 400 problem that names each wrong parameter */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const { query } = request;
  for (const name in query) {
    const fault = findUnstorable(query[name], name, 0);
    if (fault) throw invalid([fault]);
  }
  return parse(schema, query, (path) => path.join("."));
}

/**
 * Parses the parameters of a request's path.
 * @param absent what to throw, by parameter, instead of a 400 problem: a malformed id names nothing
 * @throws a 400 problem that names the wrong parameter
 */
export function parseParameters(
  schemas: Record<string, z.ZodType>,
  texts: Request["params"],
  absent: Partial<Record<string, (text: string) => ProblemError>> = {},
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const name in schemas) {
    const text = String(texts[name]);
    const { data, error } = schemas[name]?.safeParse(text) ?? {};
    if (error)
      throw (
        absent[name]?.(text) ??
        invalid(error.issues.map(({ message }) => ({ pointer: name, detail: message })))
      );
    parsed[name] = data;
  }
  return parsed;
}

/** Parses a header. @throws a 400 problem that names it */
export function parseHeader<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  name: string,
): z.output<Schema> {
  return parse(schema, text, () => name);
}

/** Parses an entry that lies at `prefix` in the body, which was not judged with it. @throws a 400 problem, as `parseBody` does */
export function parseEntry<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: string,
): z.output<Schema> {
  // As deep as it would lie in a list of the body.
  const fault = findUnstorable(value, `#${prefix}`, 2);
  if (fault) throw invalid([fault]);
  return parseAt(schema, value, prefix);
}

/** Parses a value that lies at `prefix` in the body, as an agent's input does. */
export function parseAt<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: string,
): z.output<Schema> {
  return parse(
    schema,
    value,
    (path) => `#${prefix}${path.map((key) => `/${escapePointer(String(key))}`).join("")}`,
  );
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  pointer: (path: PropertyKey[]) => string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.slice(0, faultsMax).flatMap((issue) => faultsOf(issue, pointer)));
}

/** A body may be wrong in thousands of places: so many are named. */
const faultsMax = 20;

function faultsOf(issue: z.core.$ZodIssue, pointer: (path: PropertyKey[]) => string): FieldFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, faultsMax).map((key) => ({
      pointer: pointer([...issue.path, key.slice(0, 100)]),
      detail: "is not a field of this request",
    }));
  }
  return [{ pointer: pointer(issue.path), detail: issue.message }];
}

function invalid(errors: FieldFault[]): ProblemError {
  const [first] = errors;
  const where = first ? `${first.pointer}: ${first.detail}` : "see errors";
  return new ProblemError(400, "invalid_request", `The request is not valid: ${where}.`, { errors });
}

const depthMax = 32;

/** What Postgres can't store, or no one means: U+0000, half characters, numbers beyond a double, endless depth, and a name that parsers drop. */
function findUnstorable(value: unknown, pointer: string, depth: number): FieldFault | undefined {
  if (typeof value === "string") {
    if (value.includes("\0")) return { pointer, detail: "must not contain U+0000" };
    if (!value.isWellFormed()) return { pointer, detail: "must be well-formed Unicode" };
    return undefined;
  }
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : { pointer, detail: "must be a finite number" };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= depthMax)
    return { pointer: pointer.slice(0, 200), detail: `is nested deeper than ${depthMax} levels` };
  for (const [key, entry] of Object.entries(value)) {
    const at = `${pointer}/${escapePointer(key.slice(0, 100))}`;
    if (key === "__proto__") return { pointer: at, detail: "is not a name that a field can have" };
    const fault = findUnstorable(key, at, depth) ?? findUnstorable(entry, at, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

/** RFC 6901. */
function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
