import type { AcceptedJob, Job, JobOptions, JobsQuery } from "../api/job.ts";
import type { Problem } from "../api/problem.ts";
import { errorOfProblem, type UnderstudyError } from "../errors.ts";
import type { Agents } from "../generated/agents.ts";
import { Pages } from "../http/pages.ts";
import { sleep } from "../http/sleep.ts";
import type { Transport } from "../http/transport.ts";
import { newIdempotencyKey } from "../jobs/idempotency-key.ts";
import { JobHandle } from "../jobs/job-handle.ts";
import type { SubmitOptions } from "../jobs/submit-options.ts";

/** One job of a batch. */
export type BatchJob = {
  [Name in keyof Agents]: {
    agent: Name;
    creatorId: string;
    input: Agents[Name]["input"];
    options?: JobOptions | undefined;
  };
}[keyof Agents];

/** What became of one job of a batch: it was accepted, or refused for itself alone. */
export type BatchOutcome =
  | { job: JobHandle; error?: undefined }
  | { job?: undefined; error: UnderstudyError };

/** Which failed jobs are tried again: those for which all of it holds. */
export interface RetryFilter {
  agent?: string | undefined;
  creatorId?: string | undefined;
  /** Of the job's error, such as `provider_unavailable`. */
  code?: string | undefined;
  /** Failed at this time or later. ISO 8601 with an offset. */
  since?: string | undefined;
  /** Failed before; now unless given, so that what fails again meanwhile is left. */
  until?: string | undefined;
}

/** Jobs that exist already, and many at once. */
export class Jobs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A job whose id is known. Asks the API nothing. */
  handle<Result = unknown>(id: string): JobHandle<Result> {
    return new JobHandle(this.#transport, id);
  }

  get<Result = unknown>(id: string): Promise<Job<Result>> {
    return this.handle<Result>(id).get();
  }

  /** The newest first. */
  list(query: JobsQuery = {}): Pages<Job> {
    return new Pages(this.#transport, "/api/ai/jobs", query);
  }

  /**
   * Up to 1,000 jobs in one request, each accepted or refused by itself.
   * @returns what became of each, in order
   */
  async batch(jobs: readonly BatchJob[], options: SubmitOptions = {}): Promise<BatchOutcome[]> {
    const { idempotencyKey = newIdempotencyKey(), signal } = options;
    const request = { body: { jobs }, idempotencyKey, signal };
    for (let tries = 0; ; tries++) {
      const answer = await this.#transport.json<{ jobs: BatchAnswer[] }>(
        "POST",
        "/api/ai/jobs/batch",
        request,
      );
      // An earlier try, whose answer was lost, is still accepting them.
      const isUnderWay = answer.jobs.some((one) => !isAccepted(one) && one.code === "idempotency_key_in_use");
      if (!isUnderWay || tries >= underWayTriesMax) return answer.jobs.map((one) => this.#outcomeOf(one));
      await sleep(1_000, signal);
    }
  }

  #outcomeOf(answer: BatchAnswer): BatchOutcome {
    return isAccepted(answer)
      ? { job: new JobHandle(this.#transport, answer.id, answer) }
      : { error: errorOfProblem(answer) };
  }

  /** Has failed jobs tried again, in as many requests as it takes. @returns how many they are */
  async retryMany(filter: RetryFilter = {}): Promise<{ retried: number }> {
    let retried = 0;
    for (let rest: RetryFilter | undefined = filter; rest; ) {
      const body: RetryFilter = rest;
      const answer = await this.#transport.json<RetryAnswer>("POST", "/api/ai/jobs/retry", { body });
      retried += answer.retried;
      const { until, nextSince } = answer;
      rest = nextSince === undefined ? undefined : { ...filter, since: nextSince, until };
    }
    return { retried };
  }
}

interface RetryAnswer {
  retried: number;
  until: string;
  nextSince?: string;
}

/** Seconds that a thousand jobs may take. */
const underWayTriesMax = 10;

type BatchAnswer = AcceptedJob | Problem;

function isAccepted(answer: BatchAnswer): answer is AcceptedJob {
  return "links" in answer;
}
