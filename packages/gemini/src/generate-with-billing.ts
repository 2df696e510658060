import { type ModelRole, modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import {
  type CallIntent,
  type CallOpening,
  type Candidate,
  type Decimal,
  dearestWorstCaseUsd,
  type Ledger,
  type OpenCall,
  outputLimits,
  promptTokensMax,
  promptWorstCaseUsd,
  worstCaseUsd,
} from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import { z } from "zod";
import type { CallObserver } from "./call-observer.ts";
import type { Generation } from "./generation.ts";
import { endingOf, tokensUsed } from "./model-gate/call-ending.ts";
import type { ModelDelay, ModelGate } from "./model-gate/model-gate.ts";
import type { ModelProvider } from "./provider.ts";
import { type InvalidOutput, readStructuredOutput } from "./structured-output.ts";
import { TextFieldReader } from "./text-field-reader.ts";

/** One request to the model, and on whose account it goes. */
export interface BilledRequest {
  /** Instructions; text from outside never stands here. */
  system: string;
  parts: string[];
  /** What it is for: its models answer, the first that can be called. */
  role: ModelRole;
  /** In place of the role's. */
  model?: string | undefined;
  /** The creator's, whose jobs may have models of their own. */
  plan: string;
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
  | { kind: "unknown_model"; model: string; models: string[] };

/** None of the models can be called now: a 429, its limits, or too many failures. */
type ModelWait = Omit<ModelDelay, "kind"> & { kind: "model_wait" };

interface Dependencies {
  gemini: ModelProvider;
  ledger: Ledger;
  registry: ModelRegistry;
  /** Hears that the provider does not have a model (any more), and which answers next. */
  onUnavailable?(model: string, next: Candidate | undefined, gone: Candidate): void;
  /** Keeps Gemini's own limits; without it each call goes. */
  modelGate?: ModelGate | undefined;
}

/**
 * The model's answer as text. Each HTTP request is one row of `UsageLog`, written before it and settled after
 * it; nothing is sent where the quota has no room for the worst case. There is one request, or, where a model can't be
 * called, one more for each that comes after it.
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
  const { text, finishReason } = outcome.value;
  return { kind: "answered", value: text, ...(finishReason && { finishReason }) };
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

  const { role, model, plan, serviceTier = "standard", metadata } = request;
  const isStructured = jsonSchema !== undefined;
  const wish = { role, model, plan, creatorId: metadata.creatorId, isStructured };
  const found = await dependencies.registry.candidates(wish, serviceTier);
  if (found.kind === "unknown_model") return found;
  const bounded = { ...request, ...(jsonSchema && { jsonSchema }) };
  const holdUsd = dearestWorstCaseUsd(found.candidates, bounded);

  let wait: ModelWait | undefined;
  for (const [index, candidate] of found.candidates.entries()) {
    const outcome = await callModel(dependencies, bounded, candidate, holdUsd);
    const next = found.candidates[index + 1];
    if (isUnavailable(outcome)) {
      await markUnavailable(dependencies, candidate, next);
      if (!next && !wait) return outcome;
    } else if (outcome.kind !== "model_wait") return outcome;
    else if (!wait || outcome.delayMs < wait.delayMs) wait = outcome;
  }
  if (!wait) throw new Error("A call has no model.");
  return wait;
}

/**
 * The provider does not have the model: never had, has no more, or not for this project. Nothing was billed. Another 404
 * comes from something before the provider, and says nothing of the model.
 */
function isUnavailable(outcome: GenerationOutcome<unknown>): boolean {
  return outcome.kind === "refused" && outcome.httpStatus === 404 && outcome.errorCode === "not_found";
}

async function markUnavailable(
  { registry, onUnavailable }: Dependencies,
  gone: Candidate,
  next: Candidate | undefined,
): Promise<void> {
  const { model } = gone.prices[0];
  if (await registry.markUnavailable(model).catch(() => false)) onUnavailable?.(model, next, gone);
}

type BoundedRequest = BilledRequest & { jsonSchema?: object };

/** One call of that model, where its gate lets it go. What the gate has reserved for it is given back if it is not sent. */
async function callModel(
  dependencies: Dependencies,
  request: BoundedRequest,
  candidate: Candidate,
  holdUsd: Decimal,
): Promise<GenerationOutcome<RememberedAnswer>> {
  const { modelGate } = dependencies;
  const { observer } = request;
  const [price] = candidate.prices;
  const { maxOutputTokens } = outputLimits(candidate.capabilities, request);
  const admission = await modelGate?.admit(price.model, promptTokensMax(request) + maxOutputTokens);
  if (admission?.kind === "wait") {
    observer?.notMade(price.model, admission);
    return { ...admission, kind: "model_wait" };
  }

  let generation: Generation | undefined;
  try {
    const opened = await openAndSend(dependencies, request, candidate, holdUsd);
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
  | { kind: "sent"; call: OpenCall; generation: Generation; observed: Observed | undefined };

/** Writes the call down with its hold, then makes it. */
async function openAndSend(
  { gemini, ledger }: Dependencies,
  request: BoundedRequest,
  candidate: Candidate,
  holdUsd: Decimal,
): Promise<Sent> {
  const [price] = candidate.prices;
  const { serviceTier = "standard", timeoutSeconds, signal, system, parts, jsonSchema, streams } = request;
  const intent: CallIntent = {
    ...request.metadata,
    id: ledger.newCallId(),
    price,
    routedTo: candidate.routedTo,
    holdUsd,
    worstUsd: worstCaseUsd(candidate, request),
    promptWorstUsd: promptWorstCaseUsd(candidate, request),
    reserveUsd: request.reserveUsd,
    isNecessary: request.isNecessary,
    // What is over must first have had the time to be settled.
    timeoutSeconds: timeoutSeconds + settleGraceSeconds,
  };
  const opening = await ledger.openCall(intent);
  if (opening.kind !== "open") return { kind: "not_opened", opening };
  const { maxOutputTokens, thinking } = outputLimits(candidate.capabilities, request);
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
    model: candidate.model,
    role: request.role,
    serviceTier,
    timeoutSeconds,
    signal,
    onText: streams && textListener(streams, jsonSchema !== undefined),
  });
  observed?.ended(generation);
  return { kind: "sent", call: { ...intent, startedAt: opening.startedAt }, generation, observed };
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
  { call, observed }: Sent & { kind: "sent" },
  generation: Generation,
): Promise<GenerationOutcome<RememberedAnswer>> {
  // A lost answer stays open until its deadline; then the reconciler gives it up as unknown.
  if (generation.kind === "lost") {
    const isCancelled = generation.reason === "cancelled";
    // Not tried again: without this the call is given up all the same.
    await ledger.loseCall(call.id, { ...generation, isCancelled }).catch(() => {});
    return generation;
  }
  if (generation.kind === "refused") {
    await ledger.endCall(call, generation);
    return generation;
  }
  const answer = rememberedAnswer.parse(generation);
  const settled = await ledger.endCall(call, { ...generation, stepResult: answer });
  observed?.settled(settled);
  return readAnswer(answer);
}

type Refusal = Generation & { kind: "refused" };

function isRateLimited(generation: Generation): generation is Refusal {
  return generation.kind === "refused" && generation.httpStatus === 429;
}

/** Pause after the first 429 in a row, where that does not say how long. */
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
