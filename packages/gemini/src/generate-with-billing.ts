import { modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import {
  type CallIntent,
  type CallOpening,
  type Decimal,
  type Ledger,
  outputLimits,
  worstCaseUsd,
} from "@understudy/ledger";
import { z } from "zod";
import type { GeminiClient, Generation } from "./gemini-client.ts";

/** One request to the model, and on whose account it goes. */
export interface BilledRequest {
  /** Instructions; text from outside never stands here. */
  system: string;
  parts: string[];
  model: string;
  serviceTier?: ServiceTier;
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** Most tokens of thoughts; the model's smallest unless given. */
  thinkingBudget?: number;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Held for the job beside this call, in USD: for others that it can't do without. */
  reserveUsd: Decimal;
  /** The job can't do without it, so it may use what is held for the job. */
  isNecessary: boolean;
  metadata: {
    creatorId: string;
    feature: string;
    agentId: string;
    jobId: string;
    /** Fencing number of the job's attempt. */
    attempt: number;
    /** The finished step under which the answer is remembered. */
    stepKey: string;
  };
}

/** What is remembered of an answer: enough to read it again without paying again. */
const rememberedAnswer = z.object({
  text: z.string(),
  finishReason: z.string().optional(),
  blockReason: z.string().optional(),
});

type RememberedAnswer = z.infer<typeof rememberedAnswer>;

/** What came of a request. A denial is a value; only faults of ours are thrown. */
export type GenerationOutcome<Value> =
  | { kind: "answered"; value: Value; finishReason?: string }
  /** Gemini's own refusal; never asked again. */
  | { kind: "blocked"; reason: string }
  /** The answer does not fit its schema. */
  | { kind: "output_invalid"; detail: string }
  | (Generation & { kind: "refused" | "lost" })
  | Exclude<CallOpening, { kind: "open" }>
  | { kind: "unknown_model"; models: string[] };

interface Dependencies {
  gemini: GeminiClient;
  ledger: Ledger;
}

/**
 * The model's answer as text. One HTTP request and one row of `UsageLog`, written before it and settled
 * after it; nothing is sent where the quota has no room for the worst case.
 *
 * @param remembered the result of the finished step, where there is one: then nothing is sent or paid
 */
export async function generateTextWithBilling(
  dependencies: Dependencies,
  request: BilledRequest,
  remembered?: unknown,
): Promise<GenerationOutcome<string>> {
  const outcome = await billedAnswer(dependencies, request, undefined, remembered);
  if (outcome.kind !== "answered") return outcome;
  return { ...outcome, value: outcome.value.text };
}

/**
 * The model's answer as an object that fits `output`, else `output_invalid`: Gemini ignores some of a
 * schema, so the answer is parsed again. Billed as `generateTextWithBilling` is.
 */
export async function generateStructuredOutputWithBilling<Output extends z.ZodObject>(
  dependencies: Dependencies,
  request: BilledRequest,
  output: Output,
  remembered?: unknown,
): Promise<GenerationOutcome<z.infer<Output>>> {
  const outcome = await billedAnswer(dependencies, request, modelSchemaOf(output), remembered);
  if (outcome.kind !== "answered") return outcome;
  const { text, finishReason } = outcome.value;
  const parsed = output.safeParse(parseJson(text));
  if (parsed.success) return { kind: "answered", value: parsed.data, ...(finishReason && { finishReason }) };
  const [issue] = parsed.error.issues;
  // Where and what kind of fault, never what the model wrote.
  const where =
    finishReason === "MAX_TOKENS" ? "cut off at its token limit" : `${issue?.path.join(".")}: ${issue?.code}`;
  return { kind: "output_invalid", detail: where };
}

async function billedAnswer(
  { gemini, ledger }: Dependencies,
  request: BilledRequest,
  jsonSchema: object | undefined,
  remembered: unknown,
): Promise<GenerationOutcome<RememberedAnswer>> {
  if (remembered !== undefined) return readAnswer(rememberedAnswer.parse(remembered));

  const { model, serviceTier = "standard", metadata, timeoutSeconds, signal } = request;
  const price = await ledger.prices.priceOf(model, serviceTier, new Date());
  if (!price) return { kind: "unknown_model", models: await ledger.prices.models() };
  const { maxOutputTokens, thinkingBudget } = outputLimits(model, request);
  const prompt = { system: request.system, parts: request.parts, ...(jsonSchema && { jsonSchema }) };
  const intent: CallIntent = {
    ...metadata,
    id: ledger.newCallId(),
    price,
    holdUsd: worstCaseUsd(price, { ...request, ...(jsonSchema && { jsonSchema }) }),
    reserveUsd: request.reserveUsd,
    isNecessary: request.isNecessary,
    // What is over must first have had the time to be settled.
    timeoutSeconds: timeoutSeconds + settleGraceSeconds,
  };
  const opening = await ledger.openCall(intent);
  if (opening.kind !== "open") return opening;

  const generation = await gemini.generate({
    ...prompt,
    callId: intent.id,
    model,
    serviceTier,
    maxOutputTokens,
    thinkingBudget,
    timeoutSeconds,
    signal,
  });
  // A lost answer stays open until its deadline; then the sweeper gives it up as unknown.
  if (generation.kind === "lost") return generation;
  if (generation.kind === "refused") {
    await ledger.endCall(intent, generation);
    return generation;
  }
  const answer = rememberedAnswer.parse(generation);
  await ledger.endCall(intent, { ...generation, stepResult: answer });
  return readAnswer(answer);
}

/** How long after a call's time-out its answer may still be settled before it counts as lost. */
const settleGraceSeconds = 15;

function readAnswer(answer: RememberedAnswer): GenerationOutcome<RememberedAnswer> {
  if (answer.blockReason !== undefined) return { kind: "blocked", reason: answer.blockReason };
  return { kind: "answered", value: answer };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
