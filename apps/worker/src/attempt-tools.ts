import type { Agent, AgentTools, GenerateRequest } from "@understudy/agents";
import type { Database } from "@understudy/database";
import type { ModelGate, ModelProvider } from "@understudy/gemini";
import type { ClaimedJob } from "@understudy/jobs";
import { type Candidate, type Decimal, type Ledger, sumUsd } from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import type { JobStreamWriter } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { AgentTelemetry } from "@understudy/telemetry";
import type { z } from "zod";
import { generateStep, generateTextStep, repairStep } from "./generate-step.ts";
import type { KnowledgeStore } from "./knowledge/knowledge-store.ts";
import { knowledgeTools } from "./knowledge/knowledge-tools.ts";
import { endsAttempt, StepStopped } from "./step-stopped.ts";

/** One attempt of a job, and what its tools need. */
export interface Attempt {
  database: Database;
  knowledge: KnowledgeStore;
  job: ClaimedJob;
  /** Aborts when its time is over or the worker stops. */
  signal: AbortSignal;
  gemini: ModelProvider;
  ledger: Ledger;
  modelGate?: ModelGate;
  registry: ModelRegistry;
  onUnavailable(model: string, next: Candidate | undefined, gone: Candidate): void;
  /** What must be held for the job before its first call. */
  reserve: JobReserve;
  /** Shows the job's readers what is being written. */
  stream: JobStreamWriter;
  /** Hears of the calls of the agent that has these tools. */
  observed: AgentTelemetry;
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
  const used = new Set<string>();
  const model = agent.model?.(input);

  function takeKey(name: string): string {
    const key = keyPrefix + name;
    if (used.has(key)) throw new Error(`Agent ${agent.name} uses the step "${name}" twice.`);
    used.add(key);
    return key;
  }

  function takeStep<Request extends GenerateRequest>({ step, ...rest }: Request) {
    const stepKey = takeKey(step);
    takeKey(repairStep(step));
    return { ...rest, stepKey };
  }

  async function generate<Output extends z.ZodObject>(
    request: GenerateRequest & { output?: Output },
  ): Promise<string | z.infer<Output>> {
    return generateStep(attempt, { agent, model }, takeStep(request));
  }

  const delegate: AgentTools["delegate"] = async (other, otherInput, step = other.name) => {
    const parsed = other.input.parse(otherInput);
    const observed = attempt.observed.delegated(other.agentId);
    const delegated = { ...attempt, observed };
    const tools = attemptTools(delegated, other as unknown as Agent, parsed, `${takeKey(step)}/`);
    try {
      const output = other.output.parse(await other.run(parsed, tools));
      observed.end();
      return output;
    } catch (error) {
      observed.end(error instanceof StepStopped ? error.outcome.kind : "agent_error");
      throw error;
    }
  };

  const log: AgentTools["log"] = (message, fields) =>
    logger.info({ jobId: job.id, agentId: agent.agentId, ...fields }, message);

  return {
    generate: generate as AgentTools["generate"],
    generateText: async (request) => generateTextStep(attempt, { agent, model }, takeStep(request)),
    delegate,
    async tryDelegate(other, otherInput, step) {
      try {
        return { kind: "done", value: await delegate(other, otherInput, step) };
      } catch (error) {
        if (endsAttempt(error, signal)) throw error;
        const reason = error instanceof StepStopped ? error.outcome.kind : "agent_error";
        logger.warn({ jobId: job.id, agentId: other.agentId, reason }, "a helper failed; the job goes on");
        return { kind: "failed", reason };
      }
    },
    profile: job.profile ?? {},
    ...knowledgeTools(attempt, agent, takeKey, generate as AgentTools["generate"]),
    signal,
    log,
  };
}
