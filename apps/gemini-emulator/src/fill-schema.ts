import { fraction } from "./hash.ts";

/** A JSON schema, or Gemini's own dialect of it (`type: "STRING"`, `nullable`), as far as it is understood. */
export interface Schema {
  type?: string | string[];
  nullable?: boolean;
  enum?: unknown[];
  const?: unknown;
  anyOf?: unknown[];
  oneOf?: unknown[];
  allOf?: unknown[];
  $ref?: string;
  properties?: Record<string, unknown>;
  required?: string[];
  propertyOrdering?: string[];
  additionalProperties?: unknown;
  items?: unknown;
  prefixItems?: unknown[];
  minItems?: number | string;
  maxItems?: number | string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number | string;
  maxLength?: number | string;
  format?: string;
  pattern?: string;
  description?: string;
}

/** Where in the answer a value stands: the names of the properties down to it. */
export type Path = readonly string[];

/** Knows what to put where. */
export interface FieldWriter {
  /** Different for every input: draws whatever nothing else decides. */
  seed: string;
  /** A value for this place, if its name tells; whatever does not fit the schema is passed over. */
  suggest(path: Path, schema: Schema): unknown;
  /** A sentence for a place whose name tells nothing. */
  sentence(path: Path, schema: Schema): string;
}

/** Deeper, and a recursive schema gets the least that it allows. */
const DEPTH_MAX = 12;

/** A schema that multiplies through its references must not hold the emulator up: then nothing more is filled in. */
const LOOKS_MAX = 20_000;

/** The one property of an object whose names the schema leaves open. */
const ANY_NAME = "value";

/** A value that a schema allows, filled in by a writer. Any schema gets an answer, also a wrong one. */
export function fillSchema(root: unknown, writer: FieldWriter): unknown {
  return fill(root, [], { root, writer, depth: 0, budget: { looksLeft: LOOKS_MAX } });
}

interface Context {
  root: unknown;
  writer: FieldWriter;
  depth: number;
  /** Shared by the whole walk. */
  budget: { looksLeft: number };
}

function fill(raw: unknown, path: Path, context: Context, suggested?: unknown): unknown {
  const schema = resolve(raw, context);
  if (schema.const !== undefined) return schema.const;
  const suggestion = suggested !== undefined ? suggested : context.writer.suggest(path, schema);
  if (schema.enum && schema.enum.length > 0) return fromEnum(schema.enum, suggestion, path, context);
  if (suggestion === null && allowsNull(schema, context)) return null;
  const options = schema.anyOf ?? schema.oneOf;
  if (options && options.length > 0) return fillOption(options, path, context, suggestion);
  switch (typeOf(schema)) {
    case "object":
      return fillObject(schema, path, context, suggestion);
    case "array":
      return fillArray(schema, path, context, suggestion);
    case "number":
    case "integer":
      return fillNumber(schema, path, context, suggestion);
    case "boolean":
      return typeof suggestion === "boolean"
        ? suggestion
        : fraction(context.writer.seed, path.join(".")) < 0.5;
    case "null":
      return null;
    default:
      return fillString(schema, path, context, suggestion);
  }
}

function fillObject(schema: Schema, path: Path, context: Context, suggestion: unknown): unknown {
  const deep = context.depth >= DEPTH_MAX;
  const required = new Set(schema.required ?? []);
  const given = isRecord(suggestion) ? suggestion : {};
  const result: Record<string, unknown> = {};
  for (const name of schema.propertyOrdering ?? Object.keys(schema.properties ?? {})) {
    const property = schema.properties?.[name];
    if (property === undefined || (deep && !required.has(name))) continue;
    const inner = { ...context, depth: context.depth + 1 };
    const resolved = resolve(property, context);
    const value = given[name] ?? context.writer.suggest([...path, name], resolved);
    // A writer that says "nothing" of an optional property leaves it out, or null if it may be.
    if (value === null && !required.has(name)) continue;
    result[name] =
      context.depth > 64 || context.budget.looksLeft <= 0
        ? null
        : fill(property, [...path, name], inner, value);
  }
  if (!schema.properties && isRecord(schema.additionalProperties)) {
    result[ANY_NAME] = fill(schema.additionalProperties, [...path, ANY_NAME], {
      ...context,
      depth: context.depth + 1,
    });
  }
  return result;
}

function fillArray(schema: Schema, path: Path, context: Context, suggestion: unknown): unknown[] {
  const min = Math.min(100, Number(schema.minItems ?? 0));
  const max = Number(schema.maxItems ?? Number.POSITIVE_INFINITY);
  const inner = { ...context, depth: context.depth + 1 };
  if (schema.prefixItems) {
    return schema.prefixItems.slice(0, 100).map((item, index) => fill(item, [...path, String(index)], inner));
  }
  const given = Array.isArray(suggestion) ? suggestion : undefined;
  const wanted = given ? given.length : context.depth >= DEPTH_MAX ? 0 : 2;
  const count = Math.max(min, Math.min(wanted, max));
  const items: unknown[] = [];
  for (let index = 0; index < count; index++) {
    const item = fill(schema.items ?? {}, [...path, String(index)], inner, given?.[index]);
    // An item that its enum does not know, and that nothing asks for, is better left out.
    if (given?.[index] !== undefined && !sameKind(given[index], item) && items.length >= min) continue;
    items.push(item);
  }
  return items;
}

function fillNumber(schema: Schema, path: Path, context: Context, suggestion: unknown): number {
  const whole = typeOf(schema) === "integer";
  const step = schema.multipleOf && schema.multipleOf > 0 ? schema.multipleOf : whole ? 1 : 0;
  const margin = step || 1e-6;
  const low =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + margin);
  const high =
    schema.maximum ?? (schema.exclusiveMaximum === undefined ? undefined : schema.exclusiveMaximum - margin);
  const from = low ?? Math.min(0, high ?? 0);
  const to = high ?? Math.max(100, from + 100);
  const drawn = from + fraction(context.writer.seed, path.join(".")) * (Math.min(to, from + 1_000) - from);
  const value = typeof suggestion === "number" && Number.isFinite(suggestion) ? suggestion : drawn;
  const stepped = step ? Math.round(value / step) * step : Number(value.toFixed(2));
  return Math.min(to, Math.max(from, Number(stepped.toFixed(10))));
}

function fillString(schema: Schema, path: Path, context: Context, suggestion: unknown): string {
  const text =
    formatted(schema.format) ??
    (typeof suggestion === "string" || typeof suggestion === "number" ? String(suggestion) : undefined) ??
    fromPattern(schema.pattern, context.writer.seed) ??
    context.writer.sentence(path, schema);
  const max = Number(schema.maxLength ?? Number.POSITIVE_INFINITY);
  const min = Math.min(10_000, Number(schema.minLength ?? 0));
  const cut = [...text].length > max ? [...text].slice(0, Math.max(0, max)).join("").trimEnd() : text;
  return cut.length < min ? cut.padEnd(min, cut === "" ? "." : ` ${cut}`) : cut;
}

/** The option that the suggestion fits, else the first that is not null. */
function fillOption(options: readonly unknown[], path: Path, context: Context, suggestion: unknown): unknown {
  const resolved = options.map((option) => resolve(option, context));
  const fitting = resolved.find((option) => typeOf(option) === jsonType(suggestion));
  const first = resolved.find((option) => typeOf(option) !== "null") ?? resolved[0];
  return fill(fitting ?? first ?? {}, path, { ...context, depth: context.depth + 1 }, suggestion);
}

function fromEnum(values: readonly unknown[], suggestion: unknown, path: Path, context: Context): unknown {
  const wanted = typeof suggestion === "string" ? [suggestion] : Array.isArray(suggestion) ? suggestion : [];
  for (const wish of wanted) {
    const found = values.find((value) => plainName(value) === plainName(wish));
    if (found !== undefined) return found;
  }
  return values[Math.floor(fraction(context.writer.seed, path.join(".")) * values.length)];
}

const plainName = (value: unknown) =>
  String(value)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

/** Follows `$ref`, merges `allOf`. What is no schema counts as "anything". */
function resolve(raw: unknown, context: Context, hops = 0): Schema {
  if (!isRecord(raw) || context.budget.looksLeft-- <= 0) return {};
  const schema = raw as Schema;
  if (typeof schema.$ref === "string" && hops < 20)
    return resolve(lookUp(schema.$ref, context.root), context, hops + 1);
  if (!Array.isArray(schema.allOf) || hops >= 20) return withArrays(schema);
  const merged: Schema = { ...schema };
  delete merged.allOf;
  for (const part of schema.allOf) {
    const { properties, required, ...rest } = resolve(part, context, hops + 1);
    Object.assign(merged, rest);
    if (properties) merged.properties = { ...merged.properties, ...properties };
    if (required) merged.required = [...(merged.required ?? []), ...required];
  }
  return withArrays(merged);
}

/** A schema comes from a request: names that must be lists are dropped if they are not. */
function withArrays(schema: Schema): Schema {
  const { anyOf, oneOf, required, enum: values, prefixItems, propertyOrdering, properties, ...rest } = schema;
  return {
    ...rest,
    ...(Array.isArray(anyOf) && { anyOf }),
    ...(Array.isArray(oneOf) && { oneOf }),
    ...(Array.isArray(required) && { required }),
    ...(Array.isArray(values) && { enum: values }),
    ...(Array.isArray(prefixItems) && { prefixItems }),
    ...(Array.isArray(propertyOrdering) && { propertyOrdering }),
    ...(isRecord(properties) && { properties }),
  };
}

function lookUp(reference: string, root: unknown): unknown {
  let at = root;
  for (const step of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    at = isRecord(at) ? at[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return at;
}

/** In lower case; of several the first that is not null; guessed from what else is said if there is none. */
function typeOf(schema: Schema): string {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  const named = types.find((type) => typeof type === "string" && type.toLowerCase() !== "null") ?? types[0];
  if (typeof named === "string") return named.toLowerCase();
  if (schema.properties || schema.additionalProperties) return "object";
  if (schema.items || schema.prefixItems) return "array";
  return "string";
}

function allowsNull(schema: Schema, context: Context): boolean {
  if (schema.nullable === true) return true;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (types.some((type) => typeof type === "string" && type.toLowerCase() === "null")) return true;
  return (schema.anyOf ?? schema.oneOf ?? []).some((option) => {
    const type = resolve(option, context).type;
    return typeof type === "string" && type.toLowerCase() === "null";
  });
}

function jsonType(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function sameKind(wanted: unknown, got: unknown): boolean {
  if (typeof wanted !== "string" || typeof got !== "string") return true;
  return plainName(wanted) === plainName(got) || wanted.startsWith(got);
}

/** Fixed values: an answer that named the time would differ from one day to the next. */
function formatted(format: string | undefined): string | undefined {
  const formats: Readonly<Record<string, string>> = {
    "date-time": "2026-01-15T18:00:00Z",
    date: "2026-01-15",
    time: "18:00:00Z",
    duration: "PT30M",
    email: "fan@example.com",
    uri: "https://example.com/",
    url: "https://example.com/",
    uuid: "3f2b8a52-1c5e-4d0b-9a67-0c2f7f6f5a11",
    ipv4: "192.0.2.1",
    ipv6: "2001:db8::1",
    hostname: "example.com",
  };
  return format === undefined ? undefined : formats[format];
}

/** The patterns of decimal numbers and identifiers, as zod writes them; others are beyond an emulator. */
function fromPattern(pattern: string | undefined, seed: string): string | undefined {
  if (pattern === undefined) return undefined;
  const tries = [
    "9.99",
    "12",
    String(5 + Math.floor(fraction(seed, "pattern") * 20)),
    "item-1",
    "item",
    "A",
    "#fan",
    "2026-01-15",
  ];
  try {
    const expression = new RegExp(pattern.slice(0, 200), "u");
    return tries.find((text) => expression.test(text));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
