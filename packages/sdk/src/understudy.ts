import type { CreatorLimits } from "./api/creator.ts";
import type { AcceptedJob, FinishedJob, JobOptions, JobUsage } from "./api/job.ts";
import type { Charge, Costs, CostsQuery } from "./api/money.ts";
import { NotFoundError, RateLimitError } from "./errors.ts";
import type { Agents, TestInput } from "./generated/agents.ts";
import { serverNow } from "./http/backoff.ts";
import { Pages } from "./http/pages.ts";
import { type RequestOptions, Transport, type UnderstudyOptions } from "./http/transport.ts";
import { newIdempotencyKey } from "./jobs/idempotency-key.ts";
import { JobHandle, resultOf } from "./jobs/job-handle.ts";
import { PendingJob } from "./jobs/pending-job.ts";
import type { SubmitOptions } from "./jobs/submit-options.ts";
import type { WaitOptions } from "./jobs/wait-for-end.ts";
import { Creators } from "./resources/creators.ts";
import { Jobs } from "./resources/jobs.ts";
import { Session } from "./resources/session.ts";
import { Webhooks } from "./resources/webhooks.ts";

/** A job for an agent whose input stands beside `creatorId`, as the named routes take it. */
export type NamedJob<Name extends keyof Agents> = {
  creatorId: string;
  options?: JobOptions | undefined;
} & Agents[Name]["input"];

/** A job for any agent. */
export interface AgentJob<Input> {
  creatorId: string;
  input: Input;
  options?: JobOptions | undefined;
}

/** What `generateTextWithBilling` is asked for: as the agent `test` takes it, and who it is for. */
export type TextRequest = TestInput & {
  metadata: {
    /** Who is charged, and whose bucket and quota apply. */
    creatorId: string;
    /** What it is for: costs can be grouped by it. */
    feature?: string | undefined;
    /** Whatever else is given back with the job, such as the `agentId` of an agent of yours. */
    [key: string]: string | undefined;
  };
};

export interface BilledText {
  text: string;
  /** It was cut off: its tokens were used up. */
  truncated?: true;
  /** Tokens, and the exact cost. */
  usage: JobUsage;
  jobId: string;
}

/** A client of Understudy's API. Holds no connection and no timer of its own. */
export class Understudy {
  readonly jobs: Jobs;
  readonly creators: Creators;
  readonly webhooks: Webhooks;
  readonly session: Session;
  readonly #transport: Transport;

  constructor(options: UnderstudyOptions) {
    this.#transport = new Transport(options);
    this.jobs = new Jobs(this.#transport);
    this.creators = new Creators(this.#transport);
    this.webhooks = new Webhooks(this.#transport);
    this.session = new Session(this.#transport);
  }

  /** Drafts a reply to a fan's message: read by compliance, drafted by messaging, joined by sales, read again. */
  chat(job: NamedJob<"chat">, options?: SubmitOptions): PendingJob<Agents["chat"]["result"]> {
    return this.#submit("/api/ai/chat", job, options);
  }

  /** Writes a caption and hashtags within the platform's limits. */
  generateCaption(
    job: NamedJob<"content">,
    options?: SubmitOptions,
  ): PendingJob<Agents["content"]["result"]> {
    return this.#submit("/api/ai/generate-caption", job, options);
  }

  /** Insights, recommendations, patterns and predictions of a creator's figures. */
  analyzePerformance(
    job: NamedJob<"analytics">,
    options?: SubmitOptions,
  ): PendingJob<Agents["analytics"]["result"]> {
    return this.#submit("/api/ai/analyze-performance", job, options);
  }

  /** When and how to offer what to a fan, at which of the creator's prices. */
  optimizeSales(job: NamedJob<"sales">, options?: SubmitOptions): PendingJob<Agents["sales"]["result"]> {
    return this.#submit("/api/ai/optimize-sales", job, options);
  }

  /** Whether a text may pass, and why not. */
  moderate(job: NamedJob<"compliance">, options?: SubmitOptions): PendingJob<Agents["compliance"]["result"]> {
    return this.#submit("/api/ai/moderate", job, options);
  }

  /** Drafts a reply to a fan's message by the messaging agent alone; `chat` is the whole team. */
  messaging(job: NamedJob<"messaging">, options?: SubmitOptions): PendingJob<Agents["messaging"]["result"]> {
    const { creatorId, options: jobOptions, ...input } = job;
    return this.run("messaging", { creatorId, input, options: jobOptions }, options);
  }

  /** Sends a prompt as it stands: for trying the system. */
  test(job: NamedJob<"test">, options?: SubmitOptions): PendingJob<Agents["test"]["result"]> {
    return this.#submit("/api/ai/test", job, options);
  }

  /** A job for any registered agent, those that this version of the SDK does not know included. */
  run<Name extends keyof Agents>(
    agent: Name,
    job: AgentJob<Agents[Name]["input"]>,
    options?: SubmitOptions,
  ): PendingJob<Agents[Name]["result"]>;
  run<Result = unknown>(
    agent: string,
    job: AgentJob<Record<string, unknown>>,
    options?: SubmitOptions,
  ): PendingJob<Result>;
  run(agent: string, job: AgentJob<unknown>, options?: SubmitOptions): PendingJob<unknown> {
    return this.#submit(`/api/ai/agents/${encodeURIComponent(agent)}/jobs`, job, options);
  }

  /**
   * Text for a prompt, and what it cost to the last digit. May be taken out of the client:
   * `const { generateTextWithBilling } = understudy`.
   * @throws QuotaExceededError, BudgetExceededError, JobUnsuccessfulError where there is no text; WaitTimeoutError
   */
  readonly generateTextWithBilling = async (
    { metadata: { creatorId, feature, ...metadata }, ...input }: TextRequest,
    { idempotencyKey, ...wait }: WaitOptions & Pick<SubmitOptions, "idempotencyKey"> = {},
  ): Promise<BilledText> => {
    const given = Object.entries(metadata).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const options = { feature, metadata: given.length > 0 ? Object.fromEntries(given) : undefined };
    const pending = this.test({ ...input, creatorId, options }, { idempotencyKey, signal: wait.signal });
    const job = await pending.wait(wait);
    const { text, truncated } = resultOf(job);
    return { text, ...(truncated && { truncated }), usage: job.usage, jobId: job.id };
  };

  /**
   * Asks whether a job of the creator could start at once. Takes no token. (A job that could not is accepted all the
   * same, and waits.) May be taken out of the client.
   * @returns the creator's bucket; null of a creator who has had no job yet, whose bucket is full
   * @throws RateLimitError with `retryAfter` where no token is left
   */
  readonly checkCreatorRateLimit = async (creatorId: string): Promise<CreatorLimits | null> => {
    const path = `/api/ai/creators/${encodeURIComponent(creatorId)}/limits`;
    const answer = await this.#transport.send("GET", path).catch((error: unknown) => {
      if (error instanceof NotFoundError && error.code === "creator_not_found") return null;
      throw error;
    });
    if (!answer) return null;
    const limits = answer.body as CreatorLimits;
    if (limits.remaining > 0) return limits;
    const waitMs = Date.parse(limits.nextTokenAt) - serverNow(answer.headers);
    throw new RateLimitError(`${creatorId} has no token left until ${limits.nextTokenAt}.`, {
      code: "no_token_left",
      retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)),
    });
  };

  /** What calls cost, summed. */
  costs(query: CostsQuery = {}): Promise<Costs> {
    return this.#transport.json("GET", "/api/ai/admin/costs", { query });
  }

  /** The same as CSV, with a last line that is the total. */
  costsCsv(query: CostsQuery = {}): Promise<string> {
    return this.#transport.json("GET", "/api/ai/admin/costs", { query, headers: { accept: "text/csv" } });
  }

  /** What creators owe for a month (`2026-10`); the current one unless given. */
  charges(
    query: { month?: string | undefined; creatorId?: string | undefined; limit?: number | undefined } = {},
  ): Pages<Charge> {
    return new Pages(this.#transport, "/api/ai/admin/charges", query);
  }

  /**
   * Any other route of the API, with this client's key, tries and errors.
   * @param path from the root: `/api/ai/admin/plans`
   * @returns its JSON, or its text
   */
  request<Body = unknown>(method: string, path: string, options?: RequestOptions): Promise<Body> {
    return this.#transport.json(method, path, options);
  }

  #submit<Result>(
    path: string,
    body: { options?: JobOptions | undefined },
    { idempotencyKey = body.options?.idempotencyKey ?? newIdempotencyKey(), signal }: SubmitOptions = {},
  ): PendingJob<Result> {
    const transport = this.#transport;
    return new PendingJob(async (preferWaitSeconds) => {
      const answer = await transport.send("POST", path, {
        body,
        signal,
        idempotencyKey,
        timeoutMs: transport.timeoutMs + preferWaitSeconds * 1_000,
        ...(preferWaitSeconds > 0 && { headers: { prefer: `wait=${preferWaitSeconds}` } }),
      });
      const job = answer.body as AcceptedJob | FinishedJob<Result>;
      return "links" in job
        ? { handle: new JobHandle<Result>(transport, job.id, job) }
        : { handle: new JobHandle<Result>(transport, job.id), finished: job };
    });
  }
}
