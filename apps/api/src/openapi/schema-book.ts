import { z } from "zod";

type Direction = "input" | "output";

const refPath = "#/components/schemas/";

/** Where zod puts what it must name itself: schemas that contain themselves, such as that of any JSON. */
const sharedPath = "#shared";

/**
 * Renders zod's schemas as JSON schemas, those that have a name as references to the document's components. A schema
 * may be met many times before all are rendered together, so `add` gives an object that `render` fills.
 */
export class SchemaBook {
  readonly #registries = { input: z.registry<{ id: string }>(), output: z.registry<{ id: string }>() };
  readonly #pending = new Map<string, object>();

  /** Names a schema. @param direction whether it is what clients send (input), or what they get */
  name(direction: Direction, name: string, schema: z.ZodType): void {
    this.#registries[direction].add(schema, { id: name });
  }

  /** @returns the schema: complete once `render` was called */
  add(direction: Direction, schema: z.ZodType): object {
    const registry = this.#registries[direction];
    const name = registry.get(schema)?.id;
    if (name !== undefined) return { $ref: refPath + name };
    const id = `unnamed${this.#pending.size}`;
    // A copy: where the schema is a part of others, they must not refer to what has no place among the components.
    registry.add(schema.clone(), { id });
    const pending = {};
    this.#pending.set(id, pending);
    return pending;
  }

  /** Fills what `add` has given. @returns the components by name */
  render(): Record<string, object> {
    const components: Record<string, object> = {};
    for (const direction of ["input", "output"] as const) {
      for (const [id, schema] of Object.entries(this.#renderAll(direction))) {
        const pending = this.#pending.get(id);
        if (pending) Object.assign(pending, schema);
        else components[id] = schema;
      }
    }
    return components;
  }

  #renderAll(io: Direction): Record<string, object> {
    const { schemas } = z.toJSONSchema(this.#registries[io], {
      io,
      unrepresentable: "any",
      override: ({ jsonSchema }) => plainly(jsonSchema, io),
      uri: (id) => (id === "__shared" ? sharedPath : refPath + id),
    });
    const text = JSON.stringify(schemas).replaceAll(`${sharedPath}#/$defs/schema`, `${refPath}Recursive`);
    const { __shared: shared = {}, ...rendered } = JSON.parse(text) as Record<
      string,
      z.core.JSONSchema.JSONSchema
    >;
    for (const [id, schema] of Object.entries(shared.$defs ?? {}))
      rendered[id.replace("schema", "Recursive")] = schema as z.core.JSONSchema.JSONSchema;
    for (const schema of Object.values(rendered)) {
      delete schema.$schema;
      delete schema.$id;
    }
    return rendered;
  }
}

/** Says what zod means in fewer words: formats without their patterns, none that are zod's own, answers that may grow. */
function plainly(schema: z.core.JSONSchema.BaseSchema, io: Direction): void {
  if (schema.format === "date-time" || schema.format === "date" || schema.format === "uri")
    delete schema.pattern;
  if (schema.format === "starts_with") delete schema.format;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (io === "output" && schema.additionalProperties === false) delete schema.additionalProperties;
}
