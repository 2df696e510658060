import type { ProviderWords } from "@understudy/ledger";
import { z } from "zod";
import { runMin, scrubbed } from "./scrub.ts";
import { storable } from "./storable.ts";

/** What must not stand in what is kept of an answer. */
export interface Unshown {
  /** What was asked: instructions and parts. */
  prompts: readonly string[];
  /** API keys in use. */
  secrets: readonly string[];
}

const text = z.string().catch("");
const violations = z.array(z.unknown()).catch([]);

/** Of Google's error details, whichever they are: ErrorInfo, QuotaFailure, BadRequest, RetryInfo. Source: google/rpc/error_details.proto. */
const detail = z.looseObject({
  reason: text,
  retryDelay: text,
  violations,
  fieldViolations: violations,
});

const quotaViolation = z.looseObject({
  quotaMetric: text,
  quotaId: text,
  quotaValue: z.union([z.string(), z.number()]).transform(String).catch(""),
  description: text,
});
const fieldViolation = z.looseObject({ field: text, description: text });

const errorBody = z.looseObject({
  error: z.looseObject({ status: text, message: text, details: violations }),
});

/** Gemini's error as it is told, as far as it could be read. */
export interface ReadError {
  /** `error.status`; empty where there is none. */
  status: string;
  /** RetryInfo's; empty where there is none. */
  retryDelay: string;
  message: string;
  reason: string;
  quota: string[];
  fields: string[];
}

/** Reads an error's body: an object, or the list of one that streams without `alt=sse` send. */
export function readErrorBody(json: string): ReadError | undefined {
  const body = parseJson(json);
  const { data } = errorBody.safeParse(Array.isArray(body) ? body[0] : body);
  if (!data) return undefined;
  const details = readEach(detail, data.error.details);
  return {
    status: data.error.status,
    message: data.error.message,
    retryDelay: details.find(({ retryDelay }) => retryDelay !== "")?.retryDelay ?? "",
    reason: details.find(({ reason }) => reason !== "")?.reason ?? "",
    quota: readEach(
      quotaViolation,
      details.flatMap((each) => each.violations),
    ).flatMap(({ quotaMetric, quotaId, quotaValue, description }) => {
      const told = [quotaMetric, quotaId, quotaValue, description].filter((each) => each !== "");
      return told.length > 0 ? [told.join(", ")] : [];
    }),
    fields: readEach(
      fieldViolation,
      details.flatMap((each) => each.fieldViolations),
    ).map(({ field, description }) => `${field}: ${description}`),
  };
}

const messageMax = 1_000;
const entryMax = 200;
const entriesMax = 10;

/** What is kept of an error; undefined where it says nothing. */
export function wordsOf(
  error: ReadError | undefined,
  requestId: string | undefined,
  unshown: Unshown,
): ProviderWords | undefined {
  const clean = (words: string, max: number) => bounded(words, max, unshown);
  const entries = (list: string[] = []) => list.slice(0, entriesMax).map((each) => clean(each, entryMax));
  const message = clean(error?.message ?? "", messageMax);
  const reason = clean(error?.reason ?? "", entryMax);
  const quota = entries(error?.quota);
  const fields = entries(error?.fields);
  if (!message && !reason && !requestId && quota.length + fields.length === 0) return undefined;
  return {
    message,
    ...(reason && { reason }),
    ...(quota.length > 0 && { quota }),
    ...(fields.length > 0 && { fields }),
    ...(requestId && { requestId }),
  };
}

/** Read at most so much more than is kept, since what is scrubbed makes room. */
const readTimesMax = 4;

function bounded(words: string, max: number, { prompts, secrets }: Unshown): string {
  const read = storable(words).slice(0, readTimesMax * max);
  const clean = scrubbed(read, prompts, secrets);
  // The run in which the reading ended may be too short to be known for what it is.
  const known = read.length < words.length ? Math.max(0, clean.length - runMin) : clean.length;
  return storable(clean.slice(0, Math.min(known, max)));
}

function readEach<Schema extends z.ZodType>(schema: Schema, list: unknown[]): z.infer<Schema>[] {
  return list.slice(0, readTimesMax * entriesMax).flatMap((each) => schema.safeParse(each).data ?? []);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
