/** What z.toJSONSchema makes of our schemas: the part of JSON Schema that they use. */
export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  $ref?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  description?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
}

/** The type of a JSON schema as TypeScript, its descriptions and bounds as comments. @throws where it is beyond us */
export function typescriptOf(schema: JsonSchema, indent = ""): string {
  // The only schema of ours that refers to itself is that of any JSON.
  if (schema.$ref !== undefined) return "JsonValue";
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return unionOf(alternatives.map((one) => typescriptOf(one, indent)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return unionOf(schema.enum.map((value) => JSON.stringify(value)));
  if (Array.isArray(schema.type)) return unionOf(schema.type.map((type) => typescriptOf({ type }, indent)));
  switch (schema.type) {
    case undefined:
      return "unknown";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return arrayOf(typescriptOf(schema.items ?? {}, indent));
    case "object":
      return objectOf(schema, indent);
    default:
      throw new Error(`No TypeScript is known for ${JSON.stringify(schema)}.`);
  }
}

function objectOf({ properties, required = [], additionalProperties }: JsonSchema, indent: string): string {
  if (!properties) {
    const values = typeof additionalProperties === "object" ? additionalProperties : {};
    return `Record<string, ${typescriptOf(values, indent)}>`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const isOptional = !required.includes(name);
    const type = typescriptOf(schema, inner);
    const value = isOptional && type !== "unknown" ? `${type} | undefined` : type;
    return `${commentOf(schema, inner)}${inner}${name}${isOptional ? "?" : ""}: ${value};`;
  });
  return `{\n${fields.join("\n")}\n${indent}}`;
}

function commentOf(schema: JsonSchema, indent: string): string {
  const { description, format, minimum, maximum, minLength = 0, maxLength, maxItems } = schema;
  const said = description === undefined ? "" : sentence(description);
  const isShare = minimum === 0 && maximum === 1;
  const parts = [
    said,
    format === "date-time" ? "ISO 8601." : "",
    isShare ? "From 0 to 1." : "",
    !isShare && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      ? `From ${(minimum ?? 0).toLocaleString("en")} to ${maximum.toLocaleString("en")}.`
      : "",
    maxLength === undefined
      ? ""
      : `${minLength > 0 ? `${minLength} to` : "At most"} ${maxLength.toLocaleString("en")} characters.`,
    maxItems === undefined ? "" : `At most ${maxItems.toLocaleString("en")}.`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : `${indent}/** ${parts.join(" ")} */\n`;
}

/** With a capital, and a full stop. It stands in a comment, which it must not end. */
function sentence(text: string): string {
  const safe = text.replaceAll("*/", "* /").trim();
  return `${safe.charAt(0).toUpperCase()}${safe.slice(1)}${safe.endsWith(".") ? "" : "."}`;
}

function unionOf(types: string[]): string {
  return [...new Set(types)].join(" | ");
}

function arrayOf(type: string): string {
  return type.includes(" | ") && !type.startsWith("{") ? `(${type})[]` : `${type}[]`;
}
