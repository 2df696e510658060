import type { z } from "zod";

/**
 * Parses the environment by a schema; empty values count as unset.
 * @throws one Error that names every variable that is wrong and how, never a value
 */
export function parseEnvironment<S extends z.ZodType>(
  schema: S,
  environment: Record<string, string | undefined>,
): z.infer<S> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The environment is not right (see .env.example):\n${faults.join("\n")}`);
}
