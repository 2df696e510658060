import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { METHODS, type Method, normalizeModelId } from "./models.ts";
import type { UsageMetadata } from "./usage.ts";

/** Longer waits than a day are mistakes; Node's timers end at 24.8 days. */
const milliseconds = z.int().min(0).max(86_400_000);

const duration = z
  .union([z.number().min(0), z.string().regex(/^\d+(\.\d{1,9})?s$/, 'a duration such as "7s"')])
  .transform((value) => (typeof value === "number" ? `${value}s` : value));

const headers = z.record(z.string(), z.string()).superRefine((values, context) => {
  for (const [name, value] of Object.entries(values)) {
    const fault = headerFault(name, value);
    if (fault) context.addIssue({ code: "custom", path: [name], message: fault });
  }
});

const matchSchema = z.strictObject({
  /** Text anywhere in the request's body, as it arrived or as JSON escapes it. */
  contains: z.string().min(1).optional(),
  /** With or without `models/`. */
  model: z.string().min(1).optional(),
  /** Without it every method that is billed; countTokens only by its name. */
  method: z.enum(METHODS).optional(),
});

const respondSchema = z
  .strictObject({
    /** Outside 200-299 the answer is Gemini's error of that status. */
    status: z.int().min(200).max(599).optional(),
    /** Beside or instead of the emulator's own; a given `x-gemini-service-tier` goes on the bill. */
    headers: headers.optional(),
    /** The answer's text (of an error: its message). */
    text: z.string().optional(),
    /** Instead of the whole body; of a stream: one event, or one for each element of an array. A string is sent as it is. */
    json: z.unknown().optional(),
    /** Instead of the emulator's own count, in the answer and on the bill. */
    usageMetadata: z.looseObject(tokenCounts()).optional(),
    /** null: none is sent, so that a stream ends as a cleanly closed truncation. */
    finishReason: z.string().min(1).nullable().optional(),
    /** The prompt is refused: no candidates, input billed. */
    blockReason: z.string().min(1).optional(),
    /** Before the first byte. */
    delayMs: milliseconds.optional(),
    /** Between a stream's events. */
    chunkDelayMs: milliseconds.optional(),
    /** Never answers. */
    hang: z.boolean().optional(),
    /** Ends the body after so many bytes. */
    closeAfterBytes: z.int().min(0).optional(),
    /** Resets the TCP connection: at once, or after `closeAfterBytes`. */
    reset: z.boolean().optional(),
    /** RetryInfo of an error, `"7s"` or seconds. */
    retryDelay: duration.optional(),
  })
  .refine((respond) => respond.retryDelay === undefined || isError(respond.status), {
    path: ["retryDelay"],
    message: "goes with an error: give a status of 400 or more as well",
  });

const ruleSchema = z.strictObject({
  match: matchSchema.default({}),
  respond: respondSchema,
  /** How many requests it answers; without it all. */
  times: z.int().min(1).optional(),
});

export type Respond = z.infer<typeof respondSchema>;

interface Rule {
  match: z.infer<typeof matchSchema>;
  /** `contains` as it looks inside a JSON string. */
  containsEscaped: string | undefined;
  respond: Respond;
  timesLeft: number;
}

export const isError = (status: number | undefined): status is number =>
  status !== undefined && (status < 200 || status > 299);

/** How the next requests are answered. The first rule that matches and is not used up decides. */
export class Rules {
  private rules: Rule[] = [];

  /** @returns null when the rule was added, else what is wrong with it, in words for people */
  add(json: unknown): string | null {
    const parsed = ruleSchema.safeParse(json);
    if (!parsed.success) return z.prettifyError(parsed.error);
    const { match, respond, times } = parsed.data;
    this.rules.push({
      match,
      containsEscaped: match.contains && JSON.stringify(match.contains).slice(1, -1),
      respond,
      timesLeft: times ?? Number.POSITIVE_INFINITY,
    });
    return null;
  }

  /** Finds the rule for a request and counts it as used once. @param body gives the request's body as text */
  take(method: Method, modelId: string, body: () => string): Respond | undefined {
    for (const rule of this.rules) {
      if (!matches(rule, method, modelId, body)) continue;
      if (--rule.timesLeft === 0) this.rules = this.rules.filter((other) => other !== rule);
      return rule.respond;
    }
    return undefined;
  }

  clear(): void {
    this.rules = [];
  }
}

function matches(rule: Rule, method: Method, modelId: string, body: () => string): boolean {
  const { match, containsEscaped } = rule;
  if (match.method ? match.method !== method : method === "countTokens") return false;
  if (match.model && normalizeModelId(match.model) !== modelId) return false;
  if (match.contains === undefined || containsEscaped === undefined) return true;
  return body().includes(match.contains) || body().includes(containsEscaped);
}

function tokenCounts() {
  const count = z.int().min(0).optional();
  return {
    promptTokenCount: count,
    cachedContentTokenCount: count,
    candidatesTokenCount: count,
    thoughtsTokenCount: count,
    toolUsePromptTokenCount: count,
    totalTokenCount: count,
  };
}

function headerFault(name: string, value: string): string | null {
  if (/^(content-length|transfer-encoding|connection)$/i.test(name)) {
    return "is the connection's own: use closeAfterBytes or reset to break it";
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return null;
  } catch {
    return "is not a header that HTTP allows";
  }
}

/** A rule's usage as the bill takes it. */
export function ruleUsage(respond: Respond | undefined): UsageMetadata | undefined {
  return respond?.usageMetadata as UsageMetadata | undefined;
}
