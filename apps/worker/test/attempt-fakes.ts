import type { Database } from "@understudy/database";
import type { GeminiClient, Generation, ModelGate } from "@understudy/gemini";
import type { ClaimedJob } from "@understudy/jobs";
import {
  type CallIntent,
  type Candidate,
  type JobEnd,
  type Ledger,
  type NotOpened,
  type Price,
  sumUsd,
} from "@understudy/ledger";
import type { ModelRegistry, ModelWish } from "@understudy/models";
import type { JobStreamWriter } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { AgentTelemetry } from "@understudy/telemetry";
import pg from "pg";
import type { AttemptStop } from "../src/attempt-watch.ts";
import type { KnowledgeStore } from "../src/knowledge/knowledge-store.ts";
import type { WorkerDependencies } from "../src/run-agent-job.ts";

const price: Price = {
  id: 1,
  model: "gemini-2.5-flash",
  provider: "gemini",
  serviceTier: "standard",
  regionClass: "global",
  validFrom: new Date(0),
  ...{ inputUsd: sumUsd(["1"]), outputUsd: sumUsd(["1"]), cachedUsd: sumUsd(["1"]) },
  ...{ audioInputUsd: sumUsd(["1"]), audioCachedUsd: sumUsd(["1"]) },
  longContext: null,
  source: "a test",
};

const capabilities: Candidate["capabilities"] = {
  purpose: "generate",
  thinking: { by: "budget", min: 1, max: 24_576, canBeOff: true },
  outputTokensMax: 65_536,
  cacheTokensMin: null,
  ...{ input: ["text"], output: ["text"], structuredOutput: "responseJsonSchema", ignored: [], refused: [] },
};

/** A job as a claim gives it: of the agent that sends a prompt as it stands. */
export function claimedJob(over: Partial<ClaimedJob> = {}): ClaimedJob {
  return {
    id: "job_1",
    agent: "test",
    creatorId: "psy",
    fanId: null,
    feature: "test",
    model: "gemini-2.5-flash",
    input: { prompt: "hi" },
    priority: 100,
    notBefore: null,
    attempt: 1,
    tries: 0,
    expired: false,
    isFirstStart: true,
    ageSeconds: 0,
    traceparent: null,
    plan: "starter",
    profile: null,
    steps: [],
    conversation: null,
    insights: null,
    ...over,
  };
}

/** What Postgres answers: by SQLSTATE, such as 57P01 where it shuts down. */
export function databaseError(code = "57P01"): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError("Postgres says so.", 0, "error"), { code });
}

/** What Gemini has answered. */
export function answer(text: string, more: object = {}): Generation {
  return { kind: "answered", text, usage: {}, serviceTier: "standard", provider: "emulator", ...more };
}

/** What happened, in order: a word for what, and what it was about. */
export type Seen = [what: string, ...about: unknown[]];

type GeminiRequest = Parameters<GeminiClient["generate"]>[0];

/**
 * Everything around an attempt that is no decision of its own: Postgres, ledger, Gemini and whoever listens. It answers as a
 * test says, and notes what it was asked.
 */
export class AttemptFakes {
  readonly seen: Seen[] = [];
  /** What was logged: level, message, and the fields before it. */
  readonly logged: [level: string, message: string, fields: object][] = [];
  readonly stopping = new AbortController();
  job: ClaimedJob | undefined = claimedJob();
  /** Whether the job is still the attempt's own when its end is written. */
  isOwn = true;
  /** Why no call is written down; undefined where each is. */
  notOpened: NotOpened | undefined;
  models = ["gemini-2.5-flash"];
  generate: (request: GeminiRequest) => Generation | Promise<Generation> = () => answer("hello");
  modelGate: ModelGate | undefined;
  /** Tells the attempt that its job is its own no more. */
  stopAttempt: (why: AttemptStop) => void = () => {};
  /** Jobs that the process says are in its hands. */
  readonly inHand = new Set<string>();
  readonly intents: CallIntent[] = [];
  readonly requests: GeminiRequest[] = [];

  /** Overridden by what a test needs to be otherwise. */
  dependencies(over: Partial<WorkerDependencies> = {}): WorkerDependencies {
    const { seen } = this;
    const note = (...what: Seen) => void seen.push(what);
    return {
      database: {} as Database,
      mayClaim: () => true,
      holdJob: (jobId) => {
        this.inHand.add(jobId);
        return () => void this.inHand.delete(jobId);
      },
      claim: async (claim) => {
        note("claim", claim);
        return this.job;
      },
      finish: async (end: JobEnd) => {
        note("finish", end);
        return this.isOwn;
      },
      writeKept: async () => {},
      putOff: async (putOff) => {
        note("put off", putOff);
        return this.isOwn;
      },
      knowledge: {} as KnowledgeStore,
      ledger: this.ledger(),
      gemini: this.gemini(),
      ...(this.modelGate && { modelGate: this.modelGate }),
      registry: this.registry(),
      onUnavailable: (model) => note("unavailable", model),
      attemptSeconds: undefined,
      streamOf: (jobId, attempt) => {
        note("shown", jobId, attempt);
        return this.stream();
      },
      watchAttempt: ({ id, attempt }, onStopped) => {
        note("watched", id, attempt);
        this.stopAttempt = onStopped;
        return () => note("watched no more", id);
      },
      announceEnd: (jobId) => note("announced", jobId),
      onNotStorable: ({ id }, sqlState) => note("alert", id, sqlState),
      stopping: this.stopping.signal,
      telemetry: {
        attempt: () => ({ ...this.observed(), end: (kind, code) => note("observed", kind, code) }),
      },
      logger: this.logger(),
      ...over,
    };
  }

  /** One role, which all its models answer for; those that are named must be among them. */
  registry(): ModelRegistry {
    return {
      candidatesFor: async ({ model }: Pick<ModelWish, "model">) => {
        const found = this.models.filter((name) => model === undefined || name === model);
        const candidates = found.map((name) => ({
          ...{ model: name, capabilities, routedTo: [] },
          prices: [{ ...price, model: name, id: this.models.indexOf(name) }],
        }));
        return found.length > 0
          ? { kind: "callable", candidates }
          : { kind: "unknown_model", model: model ?? "", models: this.models };
      },
      markAvailable: async () => {},
      markUnavailable: async () => true,
    } as unknown as ModelRegistry;
  }

  ledger(): Ledger {
    return {
      newCallId: () => `call_${this.intents.length + 1}`,
      openCall: async (intent: CallIntent) => {
        this.intents.push(intent);
        return this.notOpened ?? { ...intent, kind: "open", startedAt: new Date(0) };
      },
      endCall: async () => ({}),
      loseCall: async () => {},
    } as unknown as Ledger;
  }

  gemini(): GeminiClient {
    return {
      generate: async (request: GeminiRequest) => {
        this.requests.push(request);
        return this.generate(request);
      },
    } as unknown as GeminiClient;
  }

  stream(): JobStreamWriter {
    return {
      begin: () => this.seen.push(["begun"]),
      show: (step: string) => ({
        push: (text: string) => this.seen.push(["pushed", step, text]),
        complete: (text: string) => this.seen.push(["complete", step, text]),
      }),
      end: (result: object | undefined) => this.seen.push(["shown to the end", result]),
    } as unknown as JobStreamWriter;
  }

  observed(agentId = "own"): AgentTelemetry {
    const call = { ended: () => {}, settled: () => {} };
    return {
      calls: { notMade: () => {}, made: () => call },
      delegated: (other) => {
        this.seen.push(["delegated", `${agentId} to ${other}`]);
        return {
          ...this.observed(other),
          end: (errorType) => this.seen.push(["delegate ended", other, errorType]),
        };
      },
    };
  }

  logger(): Logger {
    const at = (level: string) => (fields: object | string, message?: string) =>
      void this.logged.push(
        typeof fields === "string" ? [level, fields, {}] : [level, String(message), fields],
      );
    return { info: at("info"), warn: at("warn"), error: at("error") } as unknown as Logger;
  }

  /** What happened of these kinds, in order. */
  happened(...whats: string[]): Seen[] {
    return this.seen.filter(([what]) => whats.includes(what));
  }
}
