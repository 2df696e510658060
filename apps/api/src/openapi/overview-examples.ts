import type {
  AgentDescription,
  CostEfficiency,
  CostSeries,
  CreatorAccount,
  Overview,
} from "@understudy/contracts";
import { creator, creatorLimits, quota } from "./examples.ts";

/** Examples of what the console is made of; they go on with the story of examples.ts. */
export const overview: Overview = {
  at: "2026-11-22T18:04:30.000Z",
  provider: "gemini",
  defaultModel: "gemini-3.5-flash-lite",
  platformQuotaUsd: "500",
  minutes: [{ at: "2026-11-22T18:04:00.000Z", accepted: 3, completed: 2, failed: 0 }],
  waiting: { total: 1, byCause: { token: 1 } },
  running: 0,
  lastDay: { completed: 118, failed: 2, blocked: 0, cancelled: 1 },
  failures: [{ code: "provider_unavailable", jobs: 2, latestAt: "2026-11-22T09:12:44.000Z" }],
};

export const creatorAccount: CreatorAccount = { creator, quota, limits: creatorLimits };

export const costSeries: CostSeries = {
  days: ["2026-11-21", "2026-11-22"],
  series: [
    { key: "messaging_ai", costsUsd: ["0.0122", "0.00144"], totalUsd: "0.01364" },
    { key: "compliance_ai", costsUsd: ["0.0031", "0.00039"], totalUsd: "0.00349" },
  ],
  totalUsd: "0.01713",
};

export const costEfficiency: CostEfficiency = {
  costUsd: "0.01713",
  failedUsd: "0.0004",
  blockedUsd: "0",
  retriedUsd: "0.00012",
  unknownUsd: "0",
  cacheSavedUsd: "0.0021",
  thoughtsUsd: "0.0015",
  inputTokens: 18_400,
  cachedTokens: 7_800,
  outputTokens: 3_900,
  thoughtTokens: 600,
};

export const agentDescription: AgentDescription = {
  name: "test",
  agentId: "test_ai",
  title: "Test",
  summary: "Sends a prompt as it stands.",
  feature: "test",
  path: "/api/ai/agents/test/jobs",
  input: { type: "object", properties: { prompt: { type: "string" } }, required: ["prompt"] },
  output: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};
