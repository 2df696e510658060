import { beforeEach } from "@jest/globals";
import {
  type CallIntent,
  type Candidate,
  type Ledger,
  type NotOpened,
  type Price,
  sumUsd,
} from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import type { AskedStep } from "../src/asked-step.ts";
import type { ObservedCall } from "../src/call-observer.ts";
import type { GeminiClient, GenerationRequest } from "../src/gemini-client.ts";
import { generateTextWithBilling } from "../src/generate-with-billing.ts";
import type { Generation } from "../src/generation.ts";
import type { Admission, ModelGate } from "../src/model-gate/model-gate.ts";

const usd = (amount: string) => sumUsd([amount]);

function price(id: number, model: string, inputUsd: string, outputUsd: string): Price {
  return {
    id,
    model,
    provider: "gemini",
    serviceTier: "standard",
    regionClass: "global",
    validFrom: new Date(0),
    inputUsd: usd(inputUsd),
    outputUsd: usd(outputUsd),
    cachedUsd: usd("0"),
    audioInputUsd: usd("0"),
    audioCachedUsd: usd("0"),
    longContext: null,
    source: "test",
  };
}

export const prices = {
  flash: price(1, "flash", "1", "2"),
  lite: price(2, "lite", "0.1", "20"),
} satisfies Record<string, Price>;

function candidate(model: string, own: Price): Candidate {
  return {
    model,
    capabilities: {
      purpose: "generate",
      thinking: { by: "level", levels: ["LOW", "MEDIUM", "HIGH"] },
      outputTokensMax: 65_536,
      cacheTokensMin: null,
      input: ["text"],
      output: ["text"],
      structuredOutput: "responseJsonSchema",
      ignored: [],
      refused: [],
    },
    prices: [own],
    routedTo: [],
  };
}

/** By what they are asked for: a name may be spelt otherwise in the price list. */
export const candidates = {
  "models/flash": candidate("models/flash", prices.flash),
  lite: candidate("lite", prices.lite),
};

/** Only an offer has a second model. */
const registry = {
  candidatesFor: async ({ role, model, serviceTier: tier = "standard" }: AskedStep["step"]) => {
    const names = model === undefined ? ["models/flash", ...(role === "offer" ? ["lite"] : [])] : [model];
    const found = tier === "standard" ? names.flatMap((name) => candidates[name as "lite"] ?? []) : [];
    return found.length > 0
      ? { kind: "callable", candidates: found }
      : { kind: "unknown_model", model: names[0], models: ["flash", "lite"] };
  },
  markAvailable: async (model: string) => void available.push(model),
  markUnavailable: async (model: string) => {
    note("unavailable", model);
    return answers.isNews;
  },
};

export const answered: Generation & { kind: "answered" } = {
  kind: "answered",
  text: "Hi",
  finishReason: "STOP",
  usage: { totalTokenCount: 9 },
  serviceTier: "standard",
  provider: "gemini",
};

export const settledCall = { inputTokens: 1, outputTokens: 2, costUsd: usd("0.5"), estimated: false };

/** What is asked of gate, ledger and Gemini, and told to the observer; in order. */
export let events: [what: string, ...details: unknown[]][] = [];

/** Models of which the registry has heard that they answer. */
export let available: string[] = [];

/** How they answer; a test changes it. */
export let answers: {
  admit: (model: string) => Admission;
  /** Why a call is not written down. */
  notOpened: (intent: CallIntent) => NotOpened | undefined;
  generate: (request: GenerationRequest) => Generation;
  lose: () => Promise<void>;
  /** Nobody knew before that the model can't be had. */
  isNews: boolean;
};

beforeEach(() => {
  events = [];
  available = [];
  answers = {
    admit: (model) => ({ kind: "go", pass: { ...pass, model } }),
    notOpened: () => undefined,
    generate: () => answered,
    lose: async () => {},
    isNews: true,
  };
});

/** The names of what was done, in order. */
export const doneInOrder = () => events.map(([what]) => what);
export const detailsOf = (name: string) =>
  events.filter(([what]) => what === name).map(([, ...rest]) => rest);

const note = (what: string, ...details: unknown[]) => void events.push([what, ...details]);

let calls = 0;

const ledger = {
  newCallId: () => `call_${++calls}`,
  openCall: async (intent: CallIntent) => {
    note("open", intent);
    return answers.notOpened(intent) ?? { ...intent, kind: "open", startedAt: new Date(7) };
  },
  endCall: async (intent: CallIntent, answer: unknown) => {
    note("settle", intent.id, answer);
    return settledCall;
  },
  loseCall: (id: string, lost: unknown) => {
    note("lose", id, lost);
    return answers.lose();
  },
};

const gemini = {
  generate: async (request: GenerationRequest) => {
    note("send", request);
    return answers.generate(request);
  },
};

const modelGate = {
  admit: async (model: string, tokensMax: number) => {
    note("admit", model, tokensMax);
    return answers.admit(model);
  },
  pause: async (model: string, delayMs: number) => {
    note("pause", model, delayMs);
    return { kind: "wait", why: "paused", delayMs: delayMs + 1 };
  },
  end: async (...details: unknown[]) => note("leave", ...details),
};

export const withoutGate = {
  ledger: ledger as unknown as Ledger,
  gemini: gemini as unknown as GeminiClient,
  registry: registry as unknown as ModelRegistry,
};
export const dependencies = { ...withoutGate, modelGate: modelGate as unknown as ModelGate };

const observer = {
  notMade: (model: string, why: unknown) => note("not made", model, why),
  made: (call: ObservedCall) => {
    note("made", call);
    return {
      ended: (generation: Generation) => note("ended", generation),
      settled: (call: unknown) => note("settled", call),
    };
  },
};

export const metadata = {
  creatorId: "psy",
  feature: "chat",
  agentId: "messaging_ai",
  jobId: "job_1",
  attempt: 2,
  stepKey: "draft",
};

type More = Partial<Omit<AskedStep, "step"> & Pick<AskedStep["step"], "role" | "model" | "serviceTier">>;

export function askedStep({ role = "draft", model, serviceTier, ...more }: More = {}): AskedStep {
  return {
    step: {
      ...{ role, system: "Be kind.", maxOutputTokens: 100, thinkingBudget: 50, partsBytesMax: 21 },
      ...(model !== undefined && { model }),
      ...(serviceTier && { serviceTier }),
    },
    parts: ["Hello"],
    plan: "starter",
    timeoutSeconds: 30,
    signal: new AbortController().signal,
    reserveUsd: () => usd("0.25"),
    observer,
    metadata,
    ...more,
  };
}

/** With which flash is let through. */
export const pass = { model: "flash", bucket: 1, tokens: 2, probe: 3 };

/** What a caller hears of `answered`. */
export const told = { kind: "answered", value: "Hi", finishReason: "STOP" };

/** The model gate's word that a call has to wait. */
export const wait = (delayMs: number, why: "paused" | "rate" | "breaker" = "rate"): Admission => ({
  kind: "wait",
  delayMs,
  why,
});

/** A role that has a second model. */
export const withFallback = { role: "offer" } as const;

export const generateText = (more?: More, remembered?: unknown) =>
  generateTextWithBilling(dependencies, askedStep(more), remembered);
