import type {
  CallExplanation,
  Charge,
  CloseResult,
  Costs,
  Price,
  Quote,
  RegisteredModel,
  Roles,
} from "@understudy/contracts";
import { call } from "./examples.ts";

/** Examples of prices, models, costs and charges; they go on with the story of examples.ts. */
const sums = {
  calls: 3,
  inputTokens: 1824,
  cachedTokens: 0,
  outputTokens: 212,
  thoughtTokens: 0,
  costUsd: "0.0010772",
};

export const costs: Costs = {
  rows: [{ key: "2026-11-22", ...sums, unknownUsd: "0" }],
  total: { ...sums, unknownUsd: "0" },
};

const source = "https://ai.google.dev/gemini-api/docs/pricing";

const lines = [
  { what: "input", tokens: 1020, usdPerMillion: "0.3", usd: "0.000306", source },
  { what: "output", tokens: 100, usdPerMillion: "2.5", usd: "0.00025", source },
];

export const callExplanation: CallExplanation = {
  callId: call.id,
  status: "settled",
  model: "gemini-3.5-flash-lite",
  serviceTier: "standard",
  lines,
  totalUsd: "0.000556",
  estimated: false,
  unknownUsd: "0",
};

export const quoteRequest = {
  model: "gemini-3.5-flash-lite",
  usageMetadata: { promptTokenCount: 1020, candidatesTokenCount: 100, totalTokenCount: 1120 },
};

export const quote: Quote = {
  model: "gemini-3.5-flash-lite",
  serviceTier: "standard",
  validFrom: "2026-07-21T00:00:00.000Z",
  lines,
  totalUsd: "0.000556",
  estimated: false,
};

export const charge: Charge = {
  creatorId: "psy",
  month: "2026-10",
  status: "closed",
  plan: "pro",
  planPriceUsd: "29",
  usage: "billed",
  costUsd: "0.0010772",
  roundedUsd: "0",
  adjustments: [],
  amountUsd: "29",
  tokensInput: 1824,
  tokensOutput: 212,
  byAgent: { messaging_ai: sums },
  byFeature: { fan_message: sums },
  closedAt: "2026-11-01T00:02:00.000Z",
};

export const closeResult: CloseResult = {
  closed: 41,
  alreadyClosed: 0,
  notYet: [{ creatorId: "ada", reason: "calls are under way" }],
  notYetCount: 1,
};

export const newPrice = {
  model: "gemini-3.5-flash-lite",
  validFrom: "2027-01-01T00:00:00Z",
  inputUsd: "0.30",
  outputUsd: "2.50",
  cachedUsd: "0.03",
  source,
};

export const price: Price = {
  provider: "gemini",
  model: "gemini-3.5-flash-lite",
  serviceTier: "standard",
  regionClass: "global",
  validFrom: "2026-07-21T00:00:00.000Z",
  inForce: true,
  inputUsd: "0.3",
  outputUsd: "2.5",
  cachedUsd: "0.03",
  audioInputUsd: "0.3",
  audioCachedUsd: "0.03",
  longContext: null,
  source,
};

export const registeredModel: RegisteredModel = {
  provider: "gemini",
  model: "gemini-3.5-flash-lite",
  status: "active",
  capabilities: {
    purpose: "generate",
    thinking: { by: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"] },
    outputTokensMax: 65_536,
    cacheTokensMin: null,
    input: ["text", "image", "audio", "video", "pdf"],
    output: ["text"],
    structuredOutput: "responseJsonSchema",
    ignored: ["temperature", "topP", "topK"],
    refused: ["presencePenalty", "frequencyPenalty", "candidateCount"],
  },
  source: "https://ai.google.dev/gemini-api/docs/models",
  seenAt: "2026-11-29T00:00:00.000Z",
  roles: ["draft", "check", "offer", "caption", "explain", "summary"],
};

export const modelUpdate = {
  status: "deprecated" as const,
  retiresAt: "2027-07-21T00:00:00Z",
  source: "https://ai.google.dev/gemini-api/docs/deprecations",
};

const twoModels = ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"];

export const roles: Roles = {
  roles: {
    draft: twoModels,
    check: twoModels,
    offer: twoModels,
    caption: twoModels,
    explain: twoModels,
    summary: twoModels,
    embed: ["gemini-embedding-2"],
  },
};
