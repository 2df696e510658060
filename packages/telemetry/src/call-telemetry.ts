import type { CallObserver, Generation, NotMade, ObservedCall } from "@understudy/gemini";
import type { SettledCall } from "@understudy/ledger";
import { reached } from "./job-points.ts";
import type { WorkerMetrics } from "./metrics/worker-metrics.ts";
import type { TracedSpan, Tracer } from "./tracing/tracer.ts";

/** Codes that a refusal may have in a label: what Gemini answers beside them is `other`. */
const knownStatuses = new Set([400, 401, 403, 404, 408, 409, 413, 429, 499, 500, 502, 503, 504]);

/** Counts an agent's calls, and writes a span for each under the agent's. */
export class CallTelemetry implements CallObserver {
  readonly #metrics: WorkerMetrics;
  readonly #tracer: Tracer | undefined;
  readonly #parent: TracedSpan | undefined;

  constructor(metrics: WorkerMetrics, tracer: Tracer | undefined, parent: TracedSpan | undefined) {
    this.#metrics = metrics;
    this.#tracer = tracer;
    this.#parent = parent;
  }

  notMade(model: string, reason: NotMade): void {
    this.#metrics.notMade.inc({ model, why: wordOf(reason) });
  }

  made(call: ObservedCall): ReturnType<CallObserver["made"]> {
    const metrics = this.#metrics;
    const tracer = this.#tracer;
    const { model, agentId } = call;
    const startedAt = performance.now();
    const span = tracer && this.#begin(tracer, call);
    let endedAt: number | undefined;
    reached("opened");
    return {
      ended(generation) {
        endedAt = tracer?.now();
        const outcome = outcomeOf(generation);
        metrics.callDuration.observe({ model, outcome }, (performance.now() - startedAt) / 1000);
        if (generation.kind === "refused") metrics.refusals.inc({ model, code: codeOf(generation) });
        if (span) describeEnd(span, generation, endedAt);
        reached("answered");
      },
      settled(settled) {
        countTokens(metrics, model, settled);
        metrics.cost.inc({ model, agent: agentId }, settled.costUsd.toNumber());
        span?.set(usageAttributes(settled));
        span?.end(undefined, endedAt);
        reached("settled");
      },
    };
  }

  #begin(tracer: Tracer, call: ObservedCall): TracedSpan {
    const { id, model, agentId, stepKey, maxOutputTokens, isStreamed, isStructured } = call;
    return tracer.begin({
      name: `generate_content ${model}`,
      kind: "client",
      parent: this.#parent,
      attributes: {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": geminiProvider,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": maxOutputTokens,
        "gen_ai.agent.name": agentId,
        "gen_ai.output.type": isStructured ? "json" : "text",
        ...(isStreamed && { "gen_ai.request.stream": true }),
        "understudy.call.id": id,
        "understudy.step": stepKey,
      },
    });
  }
}

/** Such as `model_paused`, `wait_quota` or `no_room`. */
function wordOf(reason: NotMade): string {
  if (reason.kind !== "wait") return reason.kind;
  return "why" in reason ? `model_${reason.why}` : `wait_${reason.waitingFor}`;
}

/** Of Gemini's API. Source: OpenTelemetry's semantic conventions for generative AI, gen_ai.provider.name. */
const geminiProvider = "gcp.gemini";
/** What answers elsewhere is never passed off as Gemini. */
const otherProviders = { emulator: "understudy.emulator", other: "_OTHER" };

function outcomeOf(generation: Generation): "answered" | "blocked" | "refused" | "lost" {
  return generation.kind === "answered" && generation.blockReason !== undefined ? "blocked" : generation.kind;
}

function codeOf({ httpStatus, errorCode }: Generation & { kind: "refused" }): string {
  if (httpStatus === undefined) return errorCode;
  return knownStatuses.has(httpStatus) ? String(httpStatus) : "other";
}

/** What the exchange tells. A span whose answer is still to be paid for ends then, as of now. */
function describeEnd(span: TracedSpan, generation: Generation, at: number | undefined): void {
  if (generation.kind === "lost") {
    span.end(generation.reason, at);
    return;
  }
  const { provider = "gemini" } = generation;
  if (provider !== "gemini") span.set({ "gen_ai.provider.name": otherProviders[provider] });
  if (generation.kind === "refused") {
    span.set({ "http.response.status_code": generation.httpStatus });
    span.end(codeOf(generation), at);
    return;
  }
  const reason = generation.finishReason ?? generation.blockReason;
  span.set({
    "gen_ai.response.model": generation.modelVersion,
    "gen_ai.response.finish_reasons": reason === undefined ? undefined : [reason],
  });
}

/** OpenTelemetry counts thoughts among the output tokens; we do not. */
function usageAttributes({ inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd }: SettledCall) {
  return {
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.cache_read.input_tokens": cachedTokens,
    "gen_ai.usage.output_tokens": outputTokens + thoughtTokens,
    "gen_ai.usage.reasoning.output_tokens": thoughtTokens,
    "understudy.cost_usd": costUsd.toFixed(),
  };
}

function countTokens(metrics: WorkerMetrics, model: string, settled: SettledCall): void {
  metrics.tokens.inc({ model, kind: "input" }, settled.inputTokens);
  metrics.tokens.inc({ model, kind: "cached" }, settled.cachedTokens);
  metrics.tokens.inc({ model, kind: "output" }, settled.outputTokens);
  metrics.tokens.inc({ model, kind: "thoughts" }, settled.thoughtTokens);
}
