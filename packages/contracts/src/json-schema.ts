import { z } from "zod";

/** Kept, since making one costs more than all the rest that is ours of a call. */
const jsonSchemas = new WeakMap<z.ZodObject, object>();

/** An output's schema as the model is told it: JSON schema, without `$schema`, which Gemini refuses. */
export function modelSchemaOf(output: z.ZodObject): object {
  const kept = jsonSchemas.get(output);
  if (kept) return kept;
  const { $schema, ...jsonSchema } = z.toJSONSchema(output);
  jsonSchemas.set(output, jsonSchema);
  return jsonSchema;
}
