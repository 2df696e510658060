import { type Agent, type AgentTools, type Step, stepOf } from "@understudy/agents";
import type { Database } from "@understudy/database";
import type { ModelGate, ModelProvider } from "@understudy/gemini";
import type { ClaimedJob } from "@understudy/jobs";
import { type Candidate, type Decimal, type Ledger, sumUsd } from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import type { JobStreamWriter } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { AgentTelemetry } from "@understudy/telemetry";
import { endsAttempt, wordOfThrown } from "./attempt-end.ts";
import { type AskedOfAgent, generateStep, generateTextStep, repairStep } from "./generate-step.ts";
import type { KnowledgeStore } from "./knowledge/knowledge-store.ts";
import { knowledgeTools } from "./knowledge/knowledge-tools.ts";

/** One attempt of a job, and what its tools need. */
export interface Attempt {
  database: Database;
  knowledge: KnowledgeStore;
  job: ClaimedJob;
  /** No later than Postgres has read what came with the job, as `performance.now()` tells it. */
  claimedAt: number;
  /** Aborts when its time is over or the worker stops. */
  signal: AbortSignal;
  /** Aborts when the worker can wait no longer. */
  stopping: AbortSignal;
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

/** What there must be room for to do the steps that a job can't do without: its calls hold it for those that are still to come. */
export class JobReserve {
  readonly #toCome: Map<string, Decimal>;

  /** @param byStep in USD, without the steps that are finished */
  constructor(byStep: ReadonlyMap<string, Decimal>) {
    this.#toCome = new Map(byStep);
  }

  /** What the job holds beside the call of a step that is to be opened. */
  besides(stepKey: string): Decimal {
    return sumUsd([...this.#toCome].flatMap(([key, usd]) => (key === stepKey ? [] : [usd])));
  }

  /** A step's call has a hold of its own. Until then, others that are under way beside it hold for it. */
  begun(stepKey: string): void {
    this.#toCome.delete(stepKey);
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
  const steps = agent.steps(input, job.profile ?? {});

  function takeKey(name: string): string {
    const key = keyPrefix + name;
    if (used.has(key)) throw new Error(`Agent ${agent.name} uses the step "${name}" twice.`);
    used.add(key);
    return key;
  }

  /** A step that is asked now, under its whole key. */
  function take(name: string, declared: Step | undefined = steps[name]): AskedOfAgent {
    if (!declared) throw new Error(`Agent ${agent.name} declares no step "${name}".`);
    const stepKey = takeKey(name);
    takeKey(repairStep(name));
    return { agentId: agent.agentId, stepKey, step: stepOf(agent, input, declared) };
  }

  const delegate: AgentTools["delegate"] = async (other, otherInput, step = other.name) => {
    const parsed = other.input.parse(otherInput);
    const observed = attempt.observed.delegated(other.agentId);
    const delegated = { ...attempt, observed };
    const helper = other as unknown as Agent;
    const tools = attemptTools(delegated, helper, parsed, `${takeKey(step)}/`);
    try {
      const output = other.output.parse(await helper.run(parsed, tools));
      observed.end();
      return output;
    } catch (error) {
      observed.end(wordOfThrown(error));
      throw error;
    }
  };

  const log: AgentTools["log"] = (message, fields) =>
    logger.info({ jobId: job.id, agentId: agent.agentId, ...fields }, message);

  return {
    generate: (async (name, parts) => generateStep(attempt, take(name), parts)) as AgentTools["generate"],
    generateText: async (name, parts) => generateTextStep(attempt, take(name), parts),
    delegate,
    async tryDelegate(other, otherInput, step) {
      try {
        return { kind: "done", value: await delegate(other, otherInput, step) };
      } catch (error) {
        if (endsAttempt(error, signal)) throw error;
        const reason = wordOfThrown(error);
        logger.warn({ jobId: job.id, agentId: other.agentId, reason }, "a helper failed; the job goes on");
        return { kind: "failed", reason };
      }
    },
    profile: job.profile ?? {},
    ...knowledgeTools(attempt, agent, takeKey, async (name, step, parts) => {
      const { text } = await generateTextStep(attempt, take(name, step), parts);
      return text;
    }),
    signal,
    log,
  };
}
