import { modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import {
  type CallIntent,
  type CallOpening,
  type Decimal,
  dearestWorstCaseUsd,
  type Ledger,
  outputLimits,
  type Price,
  promptTokensMax,
} from "@understudy/ledger";
import { z } from "zod";
import type { CallObserver } from "./call-observer.ts";
import type { GeminiClient } from "./gemini-client.ts";
import type { Generation } from "./generation.ts";
import { endingOf, tokensUsed } from "./model-gate/call-ending.ts";
import type { ModelDelay, ModelGate } from "./model-gate/model-gate.ts";
import { type InvalidOutput, readStructuredOutput } from "./structured-output.ts";
import { TextFieldReader } from "./text-field-reader.ts";

/** One request to the model, and on whose account it goes. */
export interface BilledRequest {
  /** Instructions; text from outside never stands here. */
  system: string;
  parts: string[];
  model: string;
  /** Called instead while `model` can't be. */
  fallbackModel?: string;
  serviceTier?: ServiceTier;
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** Most tokens of thoughts; as few as the model can do unless given. */
  thinkingBudget?: number;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Held for the job beside this call, in USD: for others that it can't do without. */
  reserveUsd: Decimal;
  /** The job can't do without it, so it may use what is held for the job. */
  isNecessary: boolean;
  /** Streams the answer. Not called for one that is remembered. */
  streams?: AnswerStream | undefined;
  observer?: CallObserver;
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

/** Who is shown a text while it is generated. */
export interface AnswerStream {
  /** The field of a structured output that is shown; of a text all is. */
  field: string;
  /** Hears of each piece. Must not throw. */
  onText(text: string): void;
}

/** What is remembered of an answer: enough to read it again without paying again. */
const rememberedAnswer = z.object({
  text: z.string(),
  finishReason: z.string().optional(),
  blockReason: z.string().optional(),
  harmCategories: z.array(z.string()).optional(),
});

type RememberedAnswer = z.infer<typeof rememberedAnswer>;

/** What came of a request. A denial is a value; only faults of ours are thrown. */
export type GenerationOutcome<Value> =
  | { kind: "answered"; value: Value; finishReason?: string }
  /** Gemini's own refusal; never asked again. */
  | { kind: "blocked"; reason: string; harmCategories: string[] }
  | InvalidOutput
  | (Generation & { kind: "refused" | "lost" })
  | Exclude<CallOpening, { kind: "open" }>
  | ModelWait
  | { kind: "unknown_model"; models: string[] };

/** The model can't be called now, nor can its fallback: a 429, its limits, or too many failures. */
type ModelWait = Omit<ModelDelay, "kind"> & { kind: "model_wait" };

interface Dependencies {
  gemini: GeminiClient;
  ledger: Ledger;
  /** Keeps Gemini's own limits; without it each call goes. */
  modelGate?: ModelGate | undefined;
}

/**
 * The model's answer as text. Each HTTP request is one row of `UsageLog`, written before it and settled after
 * it; nothing is sent where the quota has no room for the worst case. There is one request, or, where a 429
 * answers it and there is a fallback, two.
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
  const read = readStructuredOutput(output, text, finishReason);
  if (read.kind === "output_invalid") return read;
  return { kind: "answered", value: read.value, ...(finishReason && { finishReason }) };
}

async function billedAnswer(
  dependencies: Dependencies,
  request: BilledRequest,
  jsonSchema: object | undefined,
  remembered: unknown,
): Promise<GenerationOutcome<RememberedAnswer>> {
  if (remembered !== undefined) return readAnswer(rememberedAnswer.parse(remembered));

  const { prices } = dependencies.ledger;
  const models = await modelsOf(prices, request);
  if (!models) return { kind: "unknown_model", models: await prices.models() };
  const bounded = { ...request, ...(jsonSchema && { jsonSchema }) };
  const [first, ...others] = models;
  const holdUsd = dearestWorstCaseUsd([first.price, ...others.map(({ price }) => price)], bounded);

  const outcome = await callModel(dependencies, bounded, first, holdUsd);
  if (outcome.kind !== "model_wait") return outcome;
  let wait = outcome;
  for (const fallback of others) {
    const other = await callModel(dependencies, bounded, fallback, holdUsd);
    if (other.kind !== "model_wait") return other;
    if (other.delayMs < wait.delayMs) wait = other;
  }
  return wait;
}

/** A model that may answer, and what it costs now. */
interface PricedModel {
  model: string;
  price: Price;
}

/**
 * The request's model, then its fallback where that has a price.
 * @returns undefined where the model itself has none
 */
async function modelsOf(
  prices: Ledger["prices"],
  { model, fallbackModel, serviceTier = "standard" }: BilledRequest,
): Promise<[PricedModel, ...PricedModel[]] | undefined> {
  const now = new Date();
  const price = await prices.priceOf(model, serviceTier, now);
  if (!price) return undefined;
  const other = fallbackModel && (await prices.priceOf(fallbackModel, serviceTier, now));
  if (!fallbackModel || !other || other.id === price.id) return [{ model, price }];
  return [
    { model, price },
    { model: fallbackModel, price: other },
  ];
}

type BoundedRequest = BilledRequest & { jsonSchema?: object };

/** One call of that model, where its gate lets it go. What the gate has reserved for it is given back if it is not sent. */
async function callModel(
  dependencies: Dependencies,
  request: BoundedRequest,
  { model, price }: PricedModel,
  holdUsd: Decimal,
): Promise<GenerationOutcome<RememberedAnswer>> {
  const { modelGate } = dependencies;
  const { observer } = request;
  const { maxOutputTokens } = outputLimits(model, request);
  const admission = await modelGate?.admit(price.model, promptTokensMax(request) + maxOutputTokens);
  if (admission?.kind === "wait") {
    observer?.notMade(price.model, admission);
    return { ...admission, kind: "model_wait" };
  }

  let generation: Generation | undefined;
  try {
    const opened = await openAndSend(dependencies, request, { model, price }, holdUsd);
    if (opened.kind === "not_opened") {
      observer?.notMade(price.model, opened.opening);
      return opened.opening;
    }
    generation = opened.generation;
    // Told at once: the next calls must not come before it is known.
    const wait = isRateLimited(generation) ? await pause(modelGate, price.model, generation) : undefined;
    const outcome = await endCall(dependencies, opened, generation);
    return wait ?? outcome;
  } finally {
    // Not waited for: the answer does not depend on it.
    if (admission) void modelGate?.end(admission.pass, endingOf(generation), tokensUsed(generation));
  }
}

type Observed = ReturnType<CallObserver["made"]>;

type Sent =
  | { kind: "not_opened"; opening: Exclude<CallOpening, { kind: "open" }> }
  | { kind: "sent"; intent: CallIntent; generation: Generation; observed: Observed | undefined };

/** Writes the call down with its hold, then makes it. */
async function openAndSend(
  { gemini, ledger }: Dependencies,
  request: BoundedRequest,
  { model, price }: PricedModel,
  holdUsd: Decimal,
): Promise<Sent> {
  const { serviceTier = "standard", timeoutSeconds, signal, system, parts, jsonSchema, streams } = request;
  const intent: CallIntent = {
    ...request.metadata,
    id: ledger.newCallId(),
    price,
    holdUsd,
    reserveUsd: request.reserveUsd,
    isNecessary: request.isNecessary,
    // What is over must first have had the time to be settled.
    timeoutSeconds: timeoutSeconds + settleGraceSeconds,
  };
  const opening = await ledger.openCall(intent);
  if (opening.kind !== "open") return { kind: "not_opened", opening };
  const { maxOutputTokens, thinking } = outputLimits(model, request);
  const observed = request.observer?.made({
    id: intent.id,
    model: price.model,
    agentId: intent.agentId,
    stepKey: intent.stepKey,
    maxOutputTokens,
    isStreamed: streams !== undefined,
    isStructured: jsonSchema !== undefined,
  });
  const generation = await gemini.generate({
    system,
    parts,
    ...(jsonSchema && { jsonSchema }),
    maxOutputTokens,
    thinking,
    callId: intent.id,
    model,
    serviceTier,
    timeoutSeconds,
    signal,
    onText: streams && textListener(streams, jsonSchema !== undefined),
  });
  observed?.ended(generation);
  return { kind: "sent", intent, generation, observed };
}

function textListener({ field, onText }: AnswerStream, isStructured: boolean): (text: string) => void {
  const reader = isStructured ? new TextFieldReader(field) : undefined;
  return (piece) => {
    const text = reader ? reader.read(piece) : piece;
    if (text !== "") onText(text);
  };
}

/** Settles or releases what the call holds. */
async function endCall(
  { ledger }: Dependencies,
  { intent, observed }: Sent & { kind: "sent" },
  generation: Generation,
): Promise<GenerationOutcome<RememberedAnswer>> {
  // A lost answer stays open until its deadline; then the reconciler gives it up as unknown.
  if (generation.kind === "lost") {
    const isCancelled = generation.reason === "cancelled";
    // Not tried again: without this the call is given up all the same.
    await ledger.loseCall(intent.id, { usage: generation.usage, isCancelled }).catch(() => {});
    return generation;
  }
  if (generation.kind === "refused") {
    await ledger.endCall(intent, generation);
    return generation;
  }
  const answer = rememberedAnswer.parse(generation);
  const settled = await ledger.endCall(intent, { ...generation, stepResult: answer });
  observed?.settled(settled);
  return readAnswer(answer);
}

type Refusal = Generation & { kind: "refused" };

function isRateLimited(generation: Generation): generation is Refusal {
  return generation.kind === "refused" && generation.httpStatus === 429;
}

/** Pause after a 429 that does not say how long. */
const rateLimitedMs = 5_000;

async function pause(
  modelGate: ModelGate | undefined,
  model: string,
  { retryAfterMs = rateLimitedMs }: Refusal,
): Promise<ModelWait> {
  const delay = await modelGate?.pause(model, retryAfterMs);
  return { why: "paused", delayMs: delay?.delayMs ?? retryAfterMs, kind: "model_wait" };
}

/** How long after a call's time-out its answer may still be settled before it counts as lost. */
const settleGraceSeconds = 15;

function readAnswer(answer: RememberedAnswer): GenerationOutcome<RememberedAnswer> {
  const { blockReason: reason, harmCategories = [] } = answer;
  if (reason !== undefined) return { kind: "blocked", reason, harmCategories };
  return { kind: "answered", value: answer };
}
