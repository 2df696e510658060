import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
type JsonObject = { [key: string]: Json };

interface Operation {
  path: string;
  pattern: RegExp;
  /** Declared responses by method and status, references resolved. */
  responses: Record<string, Record<string, JsonObject>>;
}

/** An answer of the API, as far as the document speaks of it. */
export interface SeenAnswer {
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  contentType: string | null;
  /** The text of a JSON answer. */
  body?: string;
}

/** What the API's OpenAPI document promises of answers. Schemas are compiled when they are first needed. */
export class ApiContract {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #operations: Operation[];
  readonly #compiled = new Map<JsonObject, ValidateFunction>();

  constructor(document: JsonObject) {
    addFormats.default(this.#ajv);
    const closed = close(document) as JsonObject;
    this.#ajv.addSchema({ ...closed, $id: "openapi" });
    const resolve = (part: Json | undefined): JsonObject => {
      const { $ref } = (part ?? {}) as { $ref?: string };
      return ($ref === undefined ? (part ?? {}) : lookUp(closed, $ref)) as JsonObject;
    };
    this.#operations = Object.entries(closed.paths as JsonObject).map(([path, methods]) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
      responses: mapValues(methods as JsonObject, (operation) =>
        mapValues((operation as JsonObject).responses as JsonObject, resolve),
      ),
    }));
    // `/jobs/batch` before `/jobs/{id}`.
    this.#operations.sort((a, b) => parametersIn(a.path) - parametersIn(b.path));
  }

  /** The contract of a running API. */
  static async of(url: string): Promise<ApiContract> {
    const response = await fetch(`${url}/openapi.json`);
    return new ApiContract((await response.json()) as JsonObject);
  }

  /** @returns what in an answer is not as the document says; undefined where all is */
  faultOf(answer: SeenAnswer): string | undefined {
    const { method, path, status } = answer;
    if (method === "OPTIONS") return undefined;
    const responses = this.#responsesOf(method === "HEAD" ? "get" : method.toLowerCase(), path);
    if (!responses) return this.#faultOfUnknown(answer);
    const response = responses[status];
    if (!response) return `${method} ${path}: ${status} is not declared (${answer.body?.slice(0, 500)})`;
    const content = (response.content ?? {}) as Record<string, JsonObject>;
    const mediaType = answer.contentType?.split(";")[0] ?? "";
    const declared = content[mediaType];
    if (!declared) {
      return mediaType === "" ? undefined : `${method} ${path}: ${status} is not declared as ${mediaType}`;
    }
    if (answer.body === undefined || method === "HEAD") return undefined;
    const validate = this.#compile(declared.schema as JsonObject);
    if (validate(JSON.parse(answer.body))) return undefined;
    const errors = this.#ajv.errorsText(validate.errors?.slice(0, 5), { dataVar: "answer" });
    return `${method} ${path}: ${status} does not fit its schema: ${errors} (${answer.body.slice(0, 500)})`;
  }

  #responsesOf(method: string, path: string): Record<string, JsonObject> | undefined {
    const operation = this.#operations.find(
      ({ pattern, responses }) => pattern.test(path) && responses[method] !== undefined,
    );
    return operation?.responses[method];
  }

  /** Of a route that is not declared nothing is there; what lies outside of /api/ai are pages. */
  #faultOfUnknown({ method, path, status }: SeenAnswer): string | undefined {
    if (!path.startsWith("/api/ai") || [401, 404].includes(status)) return undefined;
    return `${method} ${path} is not declared, and was answered with ${status}`;
  }

  #compile(schema: JsonObject): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known) return known;
    const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
    const validate = this.#ajv.compile(JSON.parse(text));
    this.#compiled.set(schema, validate);
    return validate;
  }
}

/**
 * The document lets answers grow, since clients must bear that. Here a field that it does not know is a fault: an
 * object with known properties has no others, unless it says so. Parts of an `allOf` are left alone.
 */
function close(value: Json): Json {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  const closed = mapValues(value, (part) => part);
  for (const [key, part] of Object.entries(value)) {
    if (key !== "example" && key !== "examples" && key !== "allOf") closed[key] = close(part);
  }
  const isOpen = closed.type === "object" && "properties" in closed && !("additionalProperties" in closed);
  return isOpen ? { ...closed, additionalProperties: false } : closed;
}

function lookUp(document: JsonObject, reference: string): Json | undefined {
  const keys = reference
    .slice(2)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  return keys.reduce<Json | undefined>((part, key) => (part as JsonObject | undefined)?.[key], document);
}

function parametersIn(path: string): number {
  return path.split("{").length;
}

function mapValues<To>(from: JsonObject, to: (value: Json) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value)]));
}
