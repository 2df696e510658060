import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { METHODS, type Method, normalizeModelId } from "./models.ts";

/** Longer waits than a day are mistakes; Node's timers end at 24.8 days. */
export const milliseconds = z.int().min(0).max(86_400_000);

/** How many requests it answers; without it all. */
export const times = z.int().min(1).optional();

/** Which requests something is for. */
export const matchSchema = z.strictObject({
  /** Text anywhere in the request's body, as it arrived or as JSON escapes it. */
  contains: z.string().min(1).optional(),
  /** The model that is asked for, with or without `models/`. */
  model: z.string().min(1).optional(),
  /** Without it every method that is billed; countTokens only by its name. */
  method: z.enum(METHODS).optional(),
});

/** One request, as far as it is matched. */
export interface Asked {
  method: Method;
  /** Normalized. */
  modelId: string;
  /** The body as text. */
  body(): string;
}

interface Entry<T> {
  match: z.infer<typeof matchSchema>;
  /** `contains` as it looks inside a JSON string. */
  containsEscaped: string | undefined;
  value: T;
  timesLeft: number;
}

/** What is kept for the next requests: the first that matches and is not used up counts. */
export class MatchList<T> {
  private entries: Entry<T>[] = [];

  add(match: z.infer<typeof matchSchema>, value: T, times = Number.POSITIVE_INFINITY): void {
    const containsEscaped = match.contains && JSON.stringify(match.contains).slice(1, -1);
    this.entries.push({ match, containsEscaped, value, timesLeft: times });
  }

  /** Finds what is for a request and counts it as used once. */
  take(asked: Asked): T | undefined {
    const entry = this.entries.find((one) => matches(one, asked));
    if (entry && --entry.timesLeft === 0) this.entries = this.entries.filter((other) => other !== entry);
    return entry?.value;
  }

  clear(): void {
    this.entries = [];
  }
}

function matches({ match, containsEscaped }: Entry<unknown>, { method, modelId, body }: Asked): boolean {
  if (match.method ? match.method !== method : method === "countTokens") return false;
  if (match.model && normalizeModelId(match.model) !== modelId) return false;
  if (match.contains === undefined || containsEscaped === undefined) return true;
  return body().includes(match.contains) || body().includes(containsEscaped);
}

/** @returns what is wrong with a header that is given, in words for people */
export function headerFault(name: string, value: string): string | null {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return null;
  } catch {
    return "is not a header that HTTP allows";
  }
}

/** So that a given header replaces the emulator's own, however it is spelt. */
export function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
