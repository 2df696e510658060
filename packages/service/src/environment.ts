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
  const faults = parsed.error.issues.map((issue) => {
    const variable = issue.path.join(".");
    const advice = variable === "REDIS_URL" && namesUpstashRest(set) ? upstashAdvice : issue.message;
    return `  ${variable}: ${advice}`;
  });
  throw new Error(`The environment is not right (see .env.example):\n${faults.join("\n")}`);
}

/** What `REDIS_URL` needs where all that there is of Redis is Upstash's REST interface. */
export const upstashAdvice =
  "queues need Redis' own protocol, which Upstash's REST interface (UPSTASH_REDIS_REST_URL, https://…) does not speak: set it to the rediss:// URL that Upstash's console shows under TCP (rediss://default:PASSWORD@NAME.upstash.io:6379)";

/** Whether Upstash's REST interface is given where Redis' URL belongs, or in its place. */
export function namesUpstashRest(
  environment: Partial<
    Record<"REDIS_URL" | "UPSTASH_REDIS_REST_URL" | "UPSTASH_REDIS_REST_TOKEN", string | undefined>
  >,
): boolean {
  const { REDIS_URL, UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = environment;
  return REDIS_URL
    ? REDIS_URL.startsWith("https:")
    : Boolean(UPSTASH_REDIS_REST_URL || UPSTASH_REDIS_REST_TOKEN);
}
