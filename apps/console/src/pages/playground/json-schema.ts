/** What the forms understand of JSON schema, as the API's OpenAPI document words it. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
}

/** How a field is filled in. `json`: what has no simpler form, as JSON. */
export type FieldKind = "line" | "text" | "choice" | "number" | "flag" | "group" | "json";

export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  isRequired: boolean;
  description?: string;
  choices?: string[];
  isWhole?: boolean;
  /** Of a group. */
  fields?: Field[];
}

/** From here on a text is more than a line. */
const lineLengthMax = 200;

const longNames = /message|prompt|content|text|context|description/i;

/** The fields of an object's schema, those that must be given first. @param root where references lead */
export function fieldsOf(schema: JsonSchema, root: unknown, depth = 0): Field[] {
  const { properties = {}, required = [] } = resolve(schema, root);
  return Object.entries(properties)
    .map(([name, property]) => fieldOf(name, property, required.includes(name), root, depth))
    .toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired));
}

function fieldOf(name: string, given: JsonSchema, isRequired: boolean, root: unknown, depth: number): Field {
  const schema = resolve(given, root);
  const kind = kindOf(name, schema, isRequired, depth);
  return {
    name,
    label: schema.title ?? name,
    kind,
    isRequired,
    ...(schema.description !== undefined && { description: schema.description }),
    ...(kind === "choice" && { choices: (schema.enum ?? []).map(String) }),
    ...(kind === "number" && { isWhole: schema.type === "integer" }),
    ...(kind === "group" && { fields: fieldsOf(schema, root, depth + 1) }),
  };
}

function kindOf(name: string, schema: JsonSchema, isRequired: boolean, depth: number): FieldKind {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "string":
      return (schema.maxLength ?? 0) > lineLengthMax && longNames.test(name) ? "text" : "line";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "flag";
    case "object":
      return depth === 0 && isGroup(schema, isRequired) ? "group" : "json";
    default:
      return "json";
  }
}

/** Of one that may be left out nothing may be required either: the form could not tell which of the two is meant. */
function isGroup({ properties = {}, required = [] }: JsonSchema, isRequired: boolean): boolean {
  return Object.keys(properties).length > 0 && (isRequired || required.length === 0);
}

/** Follows references, and takes of a choice the first branch that is not null. */
export function resolve(schema: JsonSchema, root: unknown): JsonSchema {
  if (schema.$ref) return resolve(at(root, schema.$ref), root);
  const branches = schema.anyOf ?? schema.oneOf ?? (schema.allOf?.length === 1 ? schema.allOf : undefined);
  const branch = branches?.find(({ type }) => type !== "null");
  if (!branch || schema.properties) return schema;
  const { anyOf: _, oneOf: __, allOf: ___, ...rest } = schema;
  return { ...resolve(branch, root), ...rest };
}

function at(root: unknown, reference: string): JsonSchema {
  const path = reference.replace(/^#\//, "").split("/");
  let node: unknown = root;
  for (const part of path) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    node = typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
  }
  return (node ?? {}) as JsonSchema;
}

/** What was filled in, of a field or a group of them. */
export type Values = { [name: string]: string | number | boolean | Values | undefined };

/**
 * What the form sends: what was left empty is left out, JSON is read.
 * @throws SyntaxError with the field's name where its JSON is none
 */
export function inputOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const entries = fields.map((field): [string, unknown] => [
    field.name,
    valueOfField(field, values[field.name]),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function valueOfField(field: Field, value: Values[string]): unknown {
  if (field.kind === "group") {
    const input = inputOf(field.fields ?? [], (value as Values | undefined) ?? {});
    return Object.keys(input).length > 0 || field.isRequired ? input : undefined;
  }
  if (value === undefined || value === "" || (value === false && !field.isRequired)) return undefined;
  if (field.kind !== "json") return value;
  try {
    return JSON.parse(String(value));
  } catch {
    throw new SyntaxError(`${field.label} is not JSON.`);
  }
}
