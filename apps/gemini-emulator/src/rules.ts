import { z } from "zod";
import { headerFault, MatchList, matchSchema, milliseconds, times } from "./match-list.ts";
import type { UsageMetadata } from "./usage.ts";

const duration = z
  .union([z.number().min(0), z.string().regex(/^\d+(\.\d{1,9})?s$/, 'a duration such as "7s"')])
  .transform((value) => (typeof value === "number" ? `${value}s` : value));

const headers = z.record(z.string(), z.string()).superRefine((values, context) => {
  for (const [name, value] of Object.entries(values)) {
    const fault = connectionsOwn(name) ?? headerFault(name, value);
    if (fault) context.addIssue({ code: "custom", path: [name], message: fault });
  }
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
  times,
});

export type Respond = z.infer<typeof respondSchema>;

export const isError = (status: number | undefined): status is number =>
  status !== undefined && (status < 200 || status > 299);

/** How the next requests are answered. */
export class Rules extends MatchList<Respond> {
  /** @returns null when the rule was added, else what is wrong with it, in words for people */
  addJson(json: unknown): string | null {
    const parsed = ruleSchema.safeParse(json);
    if (!parsed.success) return z.prettifyError(parsed.error);
    this.add(parsed.data.match, parsed.data.respond, parsed.data.times);
    return null;
  }
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

function connectionsOwn(name: string): string | null {
  return /^(content-length|transfer-encoding|connection)$/i.test(name)
    ? "is the connection's own: use closeAfterBytes or reset to break it"
    : null;
}

/** A rule's usage as the bill takes it. */
export function ruleUsage(respond: Respond | undefined): UsageMetadata | undefined {
  return respond?.usageMetadata as UsageMetadata | undefined;
}
