import { longerThanDeclared, modelSchemaOf } from "@understudy/contracts";
import {
  type Candidate,
  type Ledger,
  type NotOpened,
  outputLimits,
  type SettledCall,
} from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import { z } from "zod";
import type { AnswerStream, AskedStep } from "./asked-step.ts";
import type { CallObserver } from "./call-observer.ts";
import { type Generation, isCutOff } from "./generation.ts";
import { endingOf, tokensUsed } from "./model-gate/call-ending.ts";
import type { ModelDelay, ModelGate } from "./model-gate/model-gate.ts";
import { type Extent, extentsOf, type Opened, openCall } from "./open-call.ts";
import type { ModelProvider } from "./provider.ts";
import { type InvalidOutput, readStructuredOutput } from "./structured-output.ts";
import { TextFieldReader } from "./text-field-reader.ts";

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
  | NotOpened
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
  asked: AskedStep,
  remembered?: unknown,
): Promise<GenerationOutcome<string>> {
  const outcome = await billedAnswer(dependencies, asked, remembered);
  if (outcome.kind !== "answered") return outcome;
  const { text, finishReason } = outcome.value;
  return { kind: "answered", value: text, ...(finishReason && { finishReason }) };
}

/**
 * The model's answer as an object that fits the step's `output`, else `output_invalid`: Gemini ignores some of a
 * schema, so the answer is parsed again. Billed as `generateTextWithBilling` is.
 */
export async function generateStructuredOutputWithBilling<Output extends z.ZodObject>(
  dependencies: Dependencies,
  asked: AskedStep & { step: { output: Output } },
  remembered?: unknown,
): Promise<GenerationOutcome<z.infer<Output>>> {
  const outcome = await billedAnswer(dependencies, asked, remembered);
  if (outcome.kind !== "answered") return outcome;
  const { text, finishReason } = outcome.value;
  const read = readStructuredOutput(asked.step.output, text, finishReason);
  if (read.kind === "output_invalid") return read;
  return { kind: "answered", value: read.value, ...(finishReason && { finishReason }) };
}

async function billedAnswer(
  dependencies: Dependencies,
  asked: AskedStep,
  remembered: unknown,
): Promise<GenerationOutcome<RememberedAnswer>> {
  if (remembered !== undefined) return readAnswer(rememberedAnswer.parse(remembered));

  const { step, parts, plan, metadata } = asked;
  const longer = longerThanDeclared(step, parts);
  if (longer !== undefined)
    throw new Error(`The step "${metadata.stepKey}" is longer than it is declared: ${longer}.`);
  const { creatorId } = metadata;
  const found = await dependencies.registry.candidatesFor(step, { creatorId, plan });
  if (found.kind === "unknown_model") return found;
  const extents = extentsOf(step, parts, found.candidates);

  let wait: ModelWait | undefined;
  for (const [index, candidate] of found.candidates.entries()) {
    const outcome = await callModel(dependencies, asked, candidate, extents);
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

/** One call of that model, where its gate lets it go. What the gate has reserved for it is given back if it is not sent. */
async function callModel(
  dependencies: Dependencies,
  asked: AskedStep,
  candidate: Candidate,
  extents: readonly [Extent, ...Extent[]],
): Promise<GenerationOutcome<RememberedAnswer>> {
  const { modelGate } = dependencies;
  const { observer } = asked;
  const [price] = candidate.prices;
  const { maxOutputTokens } = outputLimits(candidate.capabilities, asked.step);
  const admission = await modelGate?.admit(price.model, extents[0].promptTokens + maxOutputTokens);
  if (admission?.kind === "wait") {
    observer?.notMade(price.model, admission);
    return { ...admission, kind: "model_wait" };
  }

  let generation: Generation | undefined;
  try {
    const opened = await openCall(dependencies.ledger, asked, candidate, extents);
    if (opened.kind !== "open") {
      observer?.notMade(price.model, opened);
      return opened;
    }
    const sent = await send(dependencies, asked, candidate, opened);
    generation = sent.generation;
    // Not waited for: it is left out until its day is over, at worst.
    if (generation.kind === "answered") void dependencies.registry.markAvailable(price.model).catch(() => {});
    // Told at once: the next calls must not come before it is known.
    const wait = isRateLimited(generation) ? await pause(modelGate, price.model, generation) : undefined;
    const outcome = await endCall(dependencies, sent);
    return wait ?? outcome;
  } finally {
    // Not waited for: the answer does not depend on it.
    if (admission) void modelGate?.end(admission.pass, endingOf(generation), tokensUsed(generation));
  }
}

type Observed = ReturnType<CallObserver["made"]>;

interface Sent extends Pick<Opened, "call" | "shortOf"> {
  generation: Generation;
  observed: Observed | undefined;
}

async function send(
  { gemini }: Dependencies,
  { step, timeoutSeconds, signal, streams, observer }: AskedStep,
  candidate: Candidate,
  { call, extent, shortOf }: Opened,
): Promise<Sent> {
  const { maxOutputTokens, thinking } = outputLimits(candidate.capabilities, step, extent.length);
  const { role, system, output, serviceTier = "standard" } = step;
  const observed = observer?.made({
    id: call.id,
    model: call.price.model,
    agentId: call.agentId,
    stepKey: call.stepKey,
    maxOutputTokens,
    isStreamed: streams !== undefined,
    isStructured: output !== undefined,
  });
  const generation = await gemini.generate({
    system,
    parts: extent.parts,
    ...(output && { jsonSchema: modelSchemaOf(output) }),
    maxOutputTokens,
    thinking,
    callId: call.id,
    model: candidate.model,
    role,
    serviceTier,
    timeoutSeconds,
    signal,
    onText: streams && textListener(streams, output !== undefined),
  });
  observed?.ended(generation);
  return { call, shortOf, generation, observed };
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
  { call, shortOf, observed, generation }: Sent,
): Promise<GenerationOutcome<RememberedAnswer>> {
  // A lost answer stays open until its deadline; then the reconciler gives it up as unknown.
  if (generation.kind === "lost") {
    const isCancelled = generation.reason === "cancelled";
    // Not tried again: without this the call is given up all the same.
    await ledger.loseCall(call.id, { ...generation, isCancelled }).catch(() => {});
    return generation;
  }
  if (generation.kind === "refused") {
    whenWritten(ledger.endCall(call, generation));
    return generation;
  }
  // Thoughts alone used up what there was room for: paid, but no answer to be remembered. With more room there may be one.
  const lackedRoom = isCutOff(generation.finishReason) && generation.text.trim() === "" ? shortOf : undefined;
  const answer = rememberedAnswer.parse(generation);
  const ending = lackedRoom ? generation : { ...generation, stepResult: answer };
  whenWritten(ledger.endCall(call, ending), (settled) => observed?.settled(settled));
  return lackedRoom ?? readAnswer(answer);
}

/** Not waited for: the ledger keeps the answer, and tells the attempt by what it writes next where it can't be stored. */
function whenWritten(settling: Promise<SettledCall>, tell: (settled: SettledCall) => void = () => {}): void {
  void settling.then(tell, () => {});
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

function readAnswer(answer: RememberedAnswer): GenerationOutcome<RememberedAnswer> {
  const { blockReason: reason, harmCategories = [] } = answer;
  if (reason !== undefined) return { kind: "blocked", reason, harmCategories };
  return { kind: "answered", value: answer };
}
