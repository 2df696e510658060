import type { Agent, AgentTools, GenerateRequest } from "@understudy/agents";
import type { ClaimedJob } from "@understudy/database";
import {
  type GeminiClient,
  type GenerationOutcome,
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
  type ModelGate,
} from "@understudy/gemini";
import { type Decimal, type Ledger, sumUsd } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import type { z } from "zod";

/** One attempt of a job, and what its tools need. */
export interface Attempt {
  job: ClaimedJob;
  /** Aborts when its time is over or the worker stops. */
  signal: AbortSignal;
  gemini: GeminiClient;
  ledger: Ledger;
  modelGate?: ModelGate;
  defaultModel: string;
  /** What must be held for the job before its first call. */
  reserve: JobReserve;
  /** Longest that the attempt, and so any call of it, may take. */
  timeoutSeconds: number;
  logger: Logger;
}

/**
 * The worst cases of the calls that a job can't do without: its first call holds what the others will need,
 * and they take it from there.
 */
export class JobReserve {
  readonly #byStep: ReadonlyMap<string, Decimal>;
  #taken = false;

  /** @param byStep in USD, without the steps that are finished */
  constructor(byStep: ReadonlyMap<string, Decimal>) {
    this.#byStep = byStep;
  }

  /** What the call of a step holds beside its own worst case, and whether it may use what the job holds. */
  take(stepKey: string): { reserveUsd: Decimal; isNecessary: boolean } {
    const others = this.#taken ? [] : [...this.#byStep].filter(([key]) => key !== stepKey);
    this.#taken = true;
    return { reserveUsd: sumUsd(others.map(([, usd]) => usd)), isNecessary: this.#byStep.has(stepKey) };
  }
}

/** Why a step has no answer; ends the agent's run, and decides how the attempt ends. */
export class StepStopped extends Error {
  readonly outcome: Exclude<GenerationOutcome<never>, { kind: "answered" }>;

  constructor(outcome: StepStopped["outcome"]) {
    super(`A step stopped: ${outcome.kind}`);
    this.outcome = outcome;
  }
}

/**
 * The tools of one agent in one attempt. Each finished step is remembered under `keyPrefix` and its own name,
 * so that a later attempt gets it back instead of paying again.
 */
export function attemptTools(
  attempt: Attempt,
  agent: Agent,
  input: Record<string, unknown>,
  keyPrefix = "",
): AgentTools {
  const { job, signal, logger } = attempt;
  const remembered = new Map(job.steps.map((step) => [step.key, step.result]));
  const used = new Set<string>();
  const model = agent.model?.(input) ?? attempt.defaultModel;

  function takeKey(name: string): string {
    const key = keyPrefix + name;
    if (used.has(key)) throw new Error(`Agent ${agent.name} uses the step "${name}" twice.`);
    used.add(key);
    return key;
  }

  async function generate<Output extends z.ZodObject>(
    request: GenerateRequest & { output?: Output },
  ): Promise<string | z.infer<Output>> {
    const { step, output, ...rest } = request;
    const stepKey = takeKey(step);
    const { id: jobId, creatorId, feature, attempt: number } = job;
    const finished = remembered.get(stepKey);
    const billed = {
      ...rest,
      ...(finished === undefined ? attempt.reserve.take(stepKey) : nothingToHold),
      model,
      ...(agent.fallbackModel !== undefined && { fallbackModel: agent.fallbackModel }),
      timeoutSeconds: attempt.timeoutSeconds,
      signal,
      metadata: { jobId, creatorId, feature, agentId: agent.agentId, attempt: number, stepKey },
    };
    const outcome = output
      ? await generateStructuredOutputWithBilling(attempt, billed, output, finished)
      : await generateTextWithBilling(attempt, billed, finished);
    if (outcome.kind !== "answered") throw new StepStopped(outcome);
    return outcome.value;
  }

  return {
    generate: generate as AgentTools["generate"],
    async delegate(other, otherInput) {
      const parsed = other.input.parse(otherInput);
      const tools = attemptTools(attempt, other as unknown as Agent, parsed, `${takeKey(other.name)}/`);
      return other.output.parse(await other.run(parsed, tools));
    },
    signal,
    log: (message, fields) => logger.info({ jobId: job.id, agentId: agent.agentId, ...fields }, message),
  };
}

const nothingToHold = { reserveUsd: sumUsd([]), isNecessary: false };
