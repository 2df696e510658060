import { agents } from "@understudy/agents";
import * as contracts from "@understudy/contracts";
import type { z } from "zod";
import { jobsByAgent } from "../agent-contracts.ts";
import * as examples from "./examples.ts";
import * as moneyExamples from "./money-examples.ts";
import * as overviewExamples from "./overview-examples.ts";

/** A schema that has a name in the document, and an example that fits it. */
export interface Component {
  /** input: what clients send. output: what they get. */
  direction: "input" | "output";
  schema: z.ZodType;
  example: unknown;
}

function taken<Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>): Component {
  return { direction: "input", schema, example };
}

function given<Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>): Component {
  return { direction: "output", schema, example };
}

/** By name. What agents take and give follows from their registry: `ChatInput`, `ChatResult`. */
export const components: Record<string, Component> = {
  Job: given(contracts.job, examples.job),
  AcceptedJob: given(contracts.acceptedJob, examples.acceptedJob),
  JobOptions: taken(contracts.jobOptions, examples.jobOptions),
  RetryRequest: taken(contracts.retryRequest, {
    code: "provider_unavailable",
    since: examples.job.createdAt,
  }),
  RetryAnswer: given(contracts.retryAnswer, { retried: 42, until: "2026-11-22T19:00:00.000Z" }),
  JobFeedback: taken(contracts.jobFeedback, { outcome: "edited", text: "Hi you! Made my day 💛" }),
  NotedFeedback: given(contracts.notedFeedback, {
    jobId: examples.job.id,
    outcome: "edited",
    text: "Hi you! Made my day 💛",
  }),
  Creator: given(contracts.creator, examples.creator),
  CreatorUpdate: taken(contracts.creatorUpdate, examples.creatorUpdate),
  CreatorLimits: given(contracts.creatorLimits, examples.creatorLimits),
  PastCreatorTerms: given(contracts.pastCreatorTerms, examples.pastCreatorTerms),
  Quota: given(contracts.quota, examples.quota),
  Insight: given(contracts.insight, examples.insight),
  ErasedFan: given(contracts.erasedFan, examples.erasedFan),
  Plan: given(contracts.plan, examples.plan),
  PlanUpdate: taken(contracts.planUpdate, examples.planUpdate),
  PastPlan: given(contracts.pastPlan, { ...examples.plan, validTo: "2026-11-01T00:00:00.000Z" }),
  Costs: given(contracts.costs, moneyExamples.costs),
  Spending: given(contracts.spending, { stopped: false, changedAt: "2026-11-22T18:04:05.678Z" }),
  SpendingUpdate: taken(contracts.spendingUpdate, { stopped: true }),
  Call: given(contracts.call, examples.call),
  CallExplanation: given(contracts.callExplanation, moneyExamples.callExplanation),
  CallSettlement: taken(contracts.callSettlement, { costUsd: "0.00155" }),
  Charge: given(contracts.charge, moneyExamples.charge),
  CloseResult: given(contracts.closeResult, moneyExamples.closeResult),
  Price: given(contracts.price, moneyExamples.price),
  PriceList: given(contracts.priceList, { items: [moneyExamples.price] }),
  RegisteredModel: given(contracts.registeredModel, moneyExamples.registeredModel),
  ModelList: given(contracts.modelList, { items: [moneyExamples.registeredModel] }),
  ModelUpdate: taken(contracts.modelUpdate, moneyExamples.modelUpdate),
  Roles: given(contracts.roles, moneyExamples.roles),
  RolesUpdate: taken(contracts.rolesUpdate, {
    roles: { offer: ["gemini-3.8-flash", "gemini-3.5-flash-lite"] },
  }),
  NewPrice: taken(contracts.newPrice, moneyExamples.newPrice),
  QuoteRequest: taken(contracts.quoteRequest, moneyExamples.quoteRequest),
  Quote: given(contracts.quote, moneyExamples.quote),
  Alert: given(contracts.alert, examples.alert),
  WebhookEndpoint: given(contracts.webhookEndpoint, examples.webhookEndpoint),
  WebhookEndpointSecret: given(contracts.webhookEndpointSecret, {
    ...examples.webhookEndpoint,
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
  }),
  NewWebhookEndpoint: taken(contracts.newWebhookEndpoint, {
    url: examples.webhookEndpoint.url,
    events: ["job.completed", "job.failed"],
  }),
  WebhookEndpointUpdate: taken(contracts.webhookEndpointUpdate, { enabled: true }),
  WebhookDelivery: given(contracts.webhookDelivery, examples.webhookDelivery),
  TestEvent: given(contracts.testEventAnswer, { deliveryId: "dlv_01JD8Z3V", eventId: "evt_01JD8Z3V" }),
  Replay: given(contracts.replayAnswer, { deliveries: 12 }),
  ApiKey: given(contracts.apiKey, examples.apiKey),
  ApiKeySecret: given(contracts.apiKeySecret, {
    ...examples.apiKey,
    key: `${examples.apiKey.begins}${"x".repeat(43)}`,
  }),
  NewApiKey: taken(contracts.newApiKey, { name: "web app", scopes: ["jobs:write", "jobs:read"] }),
  ApiKeyUpdate: taken(contracts.apiKeyUpdate, { budgetUsd: "50" }),
  ApiKeyRotation: taken(contracts.apiKeyRotation, { graceSeconds: 3600 }),
  JobToken: given(contracts.jobToken, {
    token: "usjt_eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJqb2JfMDFKRDhaM1Y1TiJ9.b9s0",
    expiresAt: "2026-11-22T18:19:05.000Z",
  }),
  JobTokenRequest: taken(contracts.jobTokenRequest, { expiresInSeconds: 900 }),
  Session: given(contracts.session, {
    csrfToken: "q2Wm7cK1f0b9uXz4tN6sYh3LrEaP8vGd",
    expiresAt: "2026-11-23T06:04:05.000Z",
  }),
  ListedSession: given(contracts.listedSession, examples.listedSession),
  EndedSessions: given(contracts.endedSessions, { ended: 3 }),
  SignInRequest: taken(contracts.signInRequest, { key: "us_live_…" }),
  AuditEntry: given(contracts.auditEntry, examples.auditEntry),
  JobStory: given(contracts.jobStory, examples.jobStory),
  AgentDescription: given(contracts.agentDescription, overviewExamples.agentDescription),
  Overview: given(contracts.overview, overviewExamples.overview),
  CreatorAccount: given(contracts.creatorAccount, overviewExamples.creatorAccount),
  CostSeries: given(contracts.costSeries, overviewExamples.costSeries),
  CostEfficiency: given(contracts.costEfficiency, overviewExamples.costEfficiency),
  ProblemExplanation: given(contracts.problemExplanation, {
    code: "lane_full",
    where: "api",
    title: contracts.problemCodes.lane_full,
    ...contracts.problemGuide.lane_full,
  }),
  Problem: given(contracts.problem, examples.problem),
  ...agentComponents(),
};

function agentComponents(): Record<string, Component> {
  const all: Record<string, Component> = {};
  for (const agent of agents) {
    const name = componentNameOf(agent.name);
    const { input, output, example } = agent;
    all[`${name}Input`] = { direction: "input", schema: input, example: example?.input };
    all[`${name}Result`] = { direction: "output", schema: output, example: example?.output };
    // Of an agent without a route of its own no request waits for the end of a job.
    if (agent.route === undefined) continue;
    all[`${name}Job`] = {
      direction: "output",
      schema: jobsByAgent(agent),
      example: example && { ...examples.job, agent: agent.name, result: example.output },
    };
  }
  return all;
}

/** `chat` → `Chat`, `style-guide` → `StyleGuide`. */
export function componentNameOf(agent: string): string {
  return agent.replaceAll(/(?:^|-)(.)/g, (_all, letter: string) => letter.toUpperCase());
}

const exampleBySchema = new Map<z.ZodType, unknown>([
  ...Object.values(components).map(({ schema, example }) => [schema, example] as const),
  [contracts.creatorId, "psy"],
  [contracts.fanId, "fan_7"],
  [contracts.jobId, examples.job.id],
  [contracts.month, "2026-10"],
  [contracts.planName, "pro"],
]);

/** An example of a schema: its own, or that of a list's items; undefined where there is none. */
export function exampleOf(schema: z.ZodType): unknown {
  const own = exampleBySchema.get(schema);
  if (own !== undefined) return own;
  const items = (schema as z.ZodObject).shape?.items as z.ZodArray<z.ZodType> | undefined;
  const item = items && exampleBySchema.get(items.element);
  return item && { items: [item] };
}
