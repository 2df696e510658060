import type {
  AcceptedJob,
  Alert,
  ApiKey,
  AuditEntry,
  Call,
  Creator,
  CreatorLimits,
  CreatorUpdate,
  ErasedFan,
  Insight,
  Job,
  JobOptions,
  JobStory,
  PastCreatorTerms,
  Plan,
  PlanUpdate,
  Problem,
  Quota,
  WebhookDelivery,
  WebhookEndpoint,
} from "@understudy/contracts";

/** Examples of the document. They tell one story: the creator psy answers the fan fan_7 with the agent chat. */

const jobId = "job_01JD8Z3V5N8Q4C6T2W7Y9B1KXM";
const callId = "call_01JD8Z3V7R1M3P5S8U0W2Y4A6C";

export const job = {
  id: jobId,
  agent: "chat",
  creatorId: "psy",
  status: "completed",
  result: {
    response: "Hi you! That made my day 💛",
    confidence: 0.86,
    compliance: { allowed: true, categories: [], severity: "none", reasons: [] },
    insightsUsed: [],
  },
  usage: {
    inputTokens: 1824,
    cachedTokens: 0,
    outputTokens: 212,
    thoughtTokens: 0,
    costUsd: "0.0010772",
    calls: 3,
    byAgent: [
      { agentId: "compliance_ai", calls: 2, costUsd: "0.0005212" },
      { agentId: "messaging_ai", calls: 1, costUsd: "0.000556" },
    ],
  },
  agentsInvolved: ["compliance_ai", "messaging_ai"],
  model: "gemini-3.5-flash-lite",
  provider: "gemini",
  attempts: 1,
  feature: "fan_message",
  createdAt: "2026-11-22T18:04:05.678Z",
  startedAt: "2026-11-22T18:04:05.691Z",
  finishedAt: "2026-11-22T18:04:07.912Z",
  metadata: { conversation: "c-118" },
} satisfies Job;

export const acceptedJob: AcceptedJob = {
  id: jobId,
  agent: "chat",
  creatorId: "psy",
  status: "queued",
  createdAt: job.createdAt,
  admission: { position: 0, estimatedStartAt: job.createdAt },
  links: { self: `/api/ai/jobs/${jobId}`, events: `/api/ai/jobs/${jobId}/events` },
};

export const jobOptions: JobOptions = {
  priority: 10,
  expiresAt: "2026-11-22T19:00:00Z",
  feature: "fan_message",
  metadata: { conversation: "c-118" },
};

export const creator: Creator = {
  id: "psy",
  plan: "pro",
  bucket: { ratePerHour: 100, burst: 20 },
  quotaUsd: "50",
  overrides: [],
  profile: { displayName: "Psy", voice: "Warm and playful, short sentences.", languages: ["en", "ko"] },
  createdAt: "2026-10-02T09:30:00.000Z",
  updatedAt: "2026-11-20T16:12:45.120Z",
};

export const creatorUpdate: CreatorUpdate = {
  plan: "pro",
  quotaUsd: null,
  profile: {
    displayName: "Psy",
    voice: "Warm and playful, short sentences.",
    dos: ["Thank for support"],
    donts: ["Speak of meeting in person"],
    prices: { "photo set": "12.50" },
  },
};

export const creatorLimits: CreatorLimits = {
  ratePerHour: 100,
  burst: 20,
  remaining: 17,
  nextTokenAt: "2026-11-22T18:04:00.000Z",
  waiting: 0,
  paused: false,
};

export const pastCreatorTerms: PastCreatorTerms = {
  plan: "starter",
  bucket: null,
  quotaUsd: null,
  validFrom: "2026-10-02T09:30:00.000Z",
  validTo: "2026-11-20T16:12:45.120Z",
};

export const quota: Quota = {
  plan: "pro",
  periodStart: "2026-11-01T00:00:00.000Z",
  resetsAt: "2026-12-01T00:00:00.000Z",
  quotaUsd: "50",
  spentUsd: "12.345678",
  heldUsd: "0.0131",
  unknownUsd: "0",
  remainingUsd: "37.641222",
  percentUsed: 24.69,
};

export const insight: Insight = {
  id: "ins_01JD8Z3VB8",
  scope: "creator",
  fanId: "fan_7",
  source: "chat_ai",
  type: "fan_interest",
  confidence: 0.56,
  text: "Asked to buy: photo set.",
  data: { goods: ["photo set"], wantsToBuy: true },
  outcomes: { good: 2, bad: 0 },
  createdAt: "2026-11-20T11:00:00.000Z",
};

export const erasedFan: ErasedFan = {
  creatorId: "psy",
  fanId: "fan_7",
  jobs: 12,
  cancelled: 1,
  steps: 36,
  insights: 3,
  feedback: 2,
  events: 0,
  streams: 1,
  memory: true,
};

export const planUpdate: PlanUpdate = {
  priceUsd: "29",
  quotaUsd: "50",
  bucket: { ratePerHour: 100, burst: 20 },
  weight: 1,
  usage: "billed",
};

export const plan: Plan = { name: "pro", ...planUpdate, validFrom: "2026-10-01T00:00:00.000Z" };

export const call: Call = {
  id: callId,
  jobId,
  creatorId: "psy",
  agentId: "messaging_ai",
  feature: "fan_message",
  stepKey: "messaging/draft",
  attempt: 1,
  model: "gemini-3.5-flash-lite",
  modelVersion: "gemini-3.5-flash-lite",
  provider: "gemini",
  serviceTier: "standard",
  status: "settled",
  inputTokens: 1020,
  cachedTokens: 0,
  outputTokens: 100,
  thoughtTokens: 0,
  costUsd: "0.000556",
  unknownUsd: "0",
  holdUsd: "0.0131",
  estimated: false,
  byOperator: false,
  finishReason: "STOP",
  httpStatus: 200,
  errorCode: null,
  startedAt: "2026-11-22T18:04:06.120Z",
  settledAt: "2026-11-22T18:04:07.310Z",
};

export const alert: Alert = {
  id: "alt_01JD8Z3VD2",
  type: "quota_threshold",
  creatorId: "psy",
  data: {
    percent: 80,
    month: "2026-11",
    plan: "pro",
    quotaUsd: "50",
    spentUsd: "40.01",
    unknownUsd: "0",
  },
  message: "Creator psy has used 80 % of the $50 quota of 2026-11 (plan pro): $40.01 spent.",
  createdAt: "2026-11-22T18:04:07.310Z",
  notifiedAt: "2026-11-22T18:04:08.002Z",
};

export const webhookEndpoint: WebhookEndpoint = {
  id: "end_01JD8Z3VF6",
  url: "https://app.example/understudy",
  events: ["job.completed", "job.failed"],
  creatorIds: [],
  enabled: true,
  pending: { waiting: 1, due: 0, underWay: 2, nextTryAt: "2026-11-22T18:09:07.930Z" },
  createdAt: "2026-11-20T11:00:00.000Z",
  updatedAt: "2026-11-20T11:00:00.000Z",
};

export const webhookDelivery: WebhookDelivery = {
  id: "dlv_01JD8Z3VH0",
  eventId: "evt_01JD8Z3VH1",
  type: "job.completed",
  jobId,
  status: "delivered",
  deliveredAt: "2026-11-22T18:04:08.100Z",
  createdAt: "2026-11-22T18:04:07.930Z",
  tries: [{ at: "2026-11-22T18:04:08.050Z", ms: 48, status: 200, body: "ok" }],
};

export const problem: Problem = {
  type: "/problems/job_not_found",
  title: "Not Found",
  status: 404,
  detail: "No job has that id.",
  code: "job_not_found",
  requestId: "req_2f1b0a52-6d0c-4b6e-9a55-0d3c8a3c1f5e",
  retryable: false,
};

export const apiKey = {
  id: "key_01JD8Z3V2B4D6F8H0K2M4P6R8T",
  name: "web app",
  begins: "us_live_01JD8Z3V2B4D6F8H0K2M4P6R8T_",
  status: "active",
  scopes: ["jobs:write", "jobs:read"],
  creatorIds: null,
  budgetUsd: "100",
  spentUsd: "12.345678",
  heldUsd: "0",
  unknownUsd: "0",
  createdAt: "2026-11-01T09:00:00.000Z",
  updatedAt: "2026-11-01T09:00:00.000Z",
  lastUsedAt: "2026-11-22T18:04:00.000Z",
} satisfies ApiKey;

export const auditEntry = {
  id: "aud_01JD8Z3V9C1E3G5J7L9N1Q3S5V",
  at: "2026-11-22T18:04:05.678Z",
  actor: apiKey.id,
  operation: "putCreator",
  target: "psy",
  requestId: "req_2f1b0a52-6d0c-4b6e-9a55-0d3c8a3c1f5e",
  outcome: "ok",
  changes: { plan: "pro", profile: null },
} satisfies AuditEntry;

export const jobStory: JobStory = {
  job,
  fanId: "fan_7",
  priority: 100,
  crashes: 0,
  steps: [{ key: "messaging/draft", agentId: "messaging_ai", createdAt: "2026-11-22T18:04:07.012Z" }],
  calls: [call],
  insights: [],
  events: [
    {
      id: "evt_01JD8Z3V",
      type: "job.completed",
      createdAt: job.finishedAt,
      publishedAt: "2026-11-22T18:04:07.950Z",
      deliveries: [{ ...webhookDelivery, endpointId: webhookEndpoint.id }],
    },
  ],
};

export const listedSession = {
  id: "ses_01JD8Z3V9X1Y3Z5A7B9C1D3E5F",
  actor: "person",
  address: "203.0.113.7",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  createdAt: "2026-11-22T18:04:05.678Z",
  lastSeenAt: "2026-11-22T18:34:00.000Z",
  expiresAt: "2026-11-23T06:04:05.678Z",
  isCurrent: true,
};
