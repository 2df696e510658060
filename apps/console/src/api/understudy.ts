import type {
  AcceptedJob,
  AgentDescription,
  Alert,
  ApiKey,
  ApiKeySecret,
  AuditEntry,
  Call,
  CallExplanation,
  Charge,
  CloseResult,
  CostEfficiency,
  CostSeries,
  CostStack,
  Costs,
  Creator,
  CreatorAccount,
  CreatorLimits,
  CreatorUpdate,
  ErasedFan,
  Insight,
  Job,
  JobStory,
  ListedSession,
  ModelRole,
  NewApiKey,
  Overview,
  PastCreatorTerms,
  Plan,
  PlanUpdate,
  Price,
  Quota,
  RegisteredModel,
  ReplayAnswer,
  Roles,
  Spending,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointSecret,
} from "@understudy/contracts";
import { type Query, type Request, send, withQuery } from "./send.ts";
import { parseVisibly } from "./visible-text.ts";

/** A page of a list. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

/** Which calls are summed; days are UTC. */
export interface CostFilters extends Query {
  from?: string | undefined;
  to?: string | undefined;
  creatorId?: string | undefined;
  agent?: string | undefined;
  model?: string | undefined;
  feature?: string | undefined;
}

/** What is changed of a model; what is left out stays. */
export interface ModelChange {
  status?: "active" | "deprecated" | "retired";
  /** ISO 8601. */
  retiresAt?: string | null;
  routedTo?: string | null;
  source?: string;
}

/** What signs a page in: the cookie holds the session, this what must come with each change. */
export interface Session {
  csrfToken: string;
  expiresAt: string;
}

/** The documented API as the console uses it: one function a route, and no other way to the API. */
export type Understudy = ReturnType<typeof createUnderstudy>;

export function createUnderstudy() {
  let csrfToken: string | undefined;

  async function json<Answer>(method: string, path: string, request?: Request): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (method !== "GET" && csrfToken !== undefined) headers["x-csrf-token"] = csrfToken;
    const response = await send(method, `/api/ai${path}`, headers, request);
    return (response.status === 204 ? undefined : parseVisibly(await response.text())) as Answer;
  }
  const get = <Answer>(path: string, query?: Query, signal?: AbortSignal) =>
    json<Answer>("GET", path, { query, signal });
  const post = <Answer>(path: string, body: unknown = {}, query?: Query) =>
    json<Answer>("POST", path, { body, query });

  async function keep(session: Promise<Session>): Promise<Session> {
    const given = await session;
    csrfToken = given.csrfToken;
    return given;
  }

  return {
    session: () => keep(get<Session>("/session")),
    signIn: (key: string) => keep(post<Session>("/session", { key })),
    async signOut() {
      await json<void>("DELETE", "/session");
      csrfToken = undefined;
    },

    sessions: () => get<Page<ListedSession>>("/sessions"),
    endSession: (id: string) => json<void>("DELETE", `/sessions/${id}`),
    endAllSessions: () => json<{ ended: number }>("DELETE", "/sessions"),

    overview: () => get<Overview>("/admin/overview"),
    alerts: (query: Query) => get<Page<Alert>>("/admin/alerts", query),

    costs: (filters: CostFilters, groupBy: string) => get<Costs>("/admin/costs", { ...filters, groupBy }),
    costSeries: (filters: CostFilters, stackBy: CostStack) =>
      get<CostSeries>("/admin/costs/series", { ...filters, stackBy }),
    costEfficiency: (filters: CostFilters) => get<CostEfficiency>("/admin/costs/efficiency", filters),
    calls: (query: Query) => get<Page<Call>>("/admin/calls", query),
    explainCall: (id: string) => get<CallExplanation>(`/admin/calls/${id}/explain`),
    settleCall: (id: string, settlement: { costUsd: string } | { writeOff: true }) =>
      post<Call>(`/admin/calls/${id}/settle`, settlement),

    creatorAccounts: (query: Query) => get<Page<CreatorAccount>>("/admin/creators", query),
    creator: (id: string) => get<Creator>(`/creators/${id}`),
    quota: (id: string) => get<Quota>(`/creators/${id}/quota`),
    limits: (id: string) => get<CreatorLimits>(`/creators/${id}/limits`),
    creatorHistory: (id: string) => get<Page<PastCreatorTerms>>(`/creators/${id}/history`),
    updateCreator: (id: string, update: CreatorUpdate) =>
      json<Creator>("PUT", `/creators/${id}`, { body: update }),
    pauseCreator: (id: string) => post<Creator>(`/creators/${id}/pause`),
    resumeCreator: (id: string) => post<Creator>(`/creators/${id}/resume`),
    insights: (id: string, query: Query) => get<Page<Insight>>(`/creators/${id}/insights`, query),
    deleteInsight: (id: string, insightId: string) =>
      json<void>("DELETE", `/creators/${id}/insights/${insightId}`),
    eraseFan: (id: string, fanId: string) => json<ErasedFan>("DELETE", `/creators/${id}/fans/${fanId}`),

    jobs: (query: Query) => get<Page<Job>>("/jobs", query),
    job: (id: string) => get<Job>(`/jobs/${id}`),
    jobStory: (id: string) => get<JobStory>(`/admin/jobs/${id}`),
    submitJob: (agent: string, creatorId: string, input: unknown) =>
      post<AcceptedJob>(`/agents/${agent}/jobs`, { creatorId, input }),
    cancelJob: (id: string) => json<Job>("DELETE", `/jobs/${id}`),
    retryJob: (id: string) => post<Job>(`/jobs/${id}/retry`),
    retryJobs: (filter: Query) => post<{ retried: number }>("/jobs/retry", filter),
    /** Server-sent events; the browser resumes them by itself. */
    jobEvents: (id: string) => new EventSource(`/api/ai/jobs/${id}/events`),

    charges: (query: Query) => get<Page<Charge>>("/admin/charges", query),
    closeMonth: (month: string) => post<CloseResult>(`/admin/charges/${month}/close`),

    endpoints: () => get<Page<WebhookEndpoint>>("/webhooks", { limit: 200 }),
    endpoint: (id: string) => get<WebhookEndpoint>(`/webhooks/${id}`),
    addEndpoint: (body: { url: string; events: string[]; description?: string }) =>
      post<WebhookEndpointSecret>("/webhooks", body),
    updateEndpoint: (id: string, body: { enabled?: boolean; url?: string; events?: string[] }) =>
      json<WebhookEndpoint>("PATCH", `/webhooks/${id}`, { body }),
    deleteEndpoint: (id: string) => json<void>("DELETE", `/webhooks/${id}`),
    rotateSecret: (id: string) => post<WebhookEndpointSecret>(`/webhooks/${id}/rotate-secret`),
    testEndpoint: (id: string) => post<unknown>(`/webhooks/${id}/test`),
    deliveries: (id: string, query: Query) => get<Page<WebhookDelivery>>(`/webhooks/${id}/deliveries`, query),
    replayDelivery: (id: string) => post<ReplayAnswer>(`/webhooks/deliveries/${id}/replay`),
    replaySince: (id: string, since: string) => post<ReplayAnswer>(`/webhooks/${id}/replay`, {}, { since }),

    keys: (query: Query) => get<Page<ApiKey>>("/admin/keys", query),
    addKey: (body: NewApiKey) => post<ApiKeySecret>("/admin/keys", body),
    rotateKey: (id: string, graceSeconds: number) =>
      post<ApiKeySecret>(`/admin/keys/${id}/rotate`, { graceSeconds }),
    revokeKey: (id: string) => json<ApiKey>("DELETE", `/admin/keys/${id}`),
    audit: (query: Query) => get<Page<AuditEntry>>("/admin/audit", query),

    plans: () => get<Page<Plan>>("/admin/plans"),
    putPlan: (name: string, body: PlanUpdate) => json<Plan>("PUT", `/admin/plans/${name}`, { body }),
    prices: () => get<Page<Price>>("/admin/prices"),
    addPrice: (body: Query) => post<Price>("/admin/prices", body),

    models: () => get<Page<RegisteredModel>>("/admin/models"),
    changeModel: (provider: string, model: string, change: ModelChange) =>
      json<RegisteredModel>("PUT", `/admin/models/${provider}/${model}`, { body: change }),
    /** Of a plan only what differs. */
    roles: (plan?: string) => get<Roles>("/admin/roles", { plan }),
    /** @param models null takes the plan's own away */
    setRole: (role: ModelRole, models: string[] | null, plan?: string) =>
      json<Roles>("PUT", "/admin/roles", { body: { roles: { [role]: models } }, query: { plan } }),

    spending: () => get<Spending>("/admin/spending"),
    setSpending: (stopped: boolean) => post<Spending>("/admin/spending", { stopped }),

    /** With the schemas that their forms are made of. */
    agents: () => get<Page<AgentDescription>>("/agents"),

    /** A route's answer as CSV, as the API words it. */
    csv: async (path: string, query: Query) =>
      (await send("GET", `/api/ai${path}`, {}, { query, accept: "text/csv" })).blob(),
  };
}

/** The address of a page of the console with a query. */
export const pageWith = withQuery;
