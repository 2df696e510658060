import type { AcceptedJob, FinishedJob, Job, JobError, JobEvent, JobFeedback, JobToken } from "../api/job.ts";
import { UnderstudyError } from "../errors.ts";
import type { Transport } from "../http/transport.ts";
import { followJob, jobPath, type StreamOptions } from "./job-events.ts";
import { type WaitOptions, waitForEnd } from "./wait-for-end.ts";

/** A job ended without a result. `code` is the job's own, such as `quota_exceeded`, `safety` or `cancelled`. */
export class JobUnsuccessfulError extends UnderstudyError {
  override readonly name = "JobUnsuccessfulError";
  readonly job: FinishedJob;

  constructor(job: FinishedJob) {
    const { code, message, retryable } = whyUnsuccessful(job);
    super(`Job ${job.id} is ${job.status}: ${message}`, { code, retryable });
    this.job = job;
  }
}

function whyUnsuccessful(job: FinishedJob): JobError {
  if (job.error) return job.error;
  return job.status === "cancelled"
    ? { code: "cancelled", message: "it was cancelled.", retryable: false }
    : { code: "job_erased", message: "its fan was erased, and its result with them.", retryable: false };
}

/** A job that the API has accepted. It goes on whatever becomes of this object, which only knows its id. */
export class JobHandle<Result = unknown> {
  readonly id: string;
  /** What `202 Accepted` said of it; undefined of a handle made from an id, or where it had ended by then. */
  readonly accepted: AcceptedJob | undefined;
  readonly #transport: Transport;

  /** Made by the client: `understudy.chat(…)`, `understudy.jobs.handle(id)`. */
  constructor(transport: Transport, id: string, accepted?: AcceptedJob) {
    this.#transport = transport;
    this.id = id;
    this.accepted = accepted;
  }

  /** The job as it is now. */
  get(): Promise<Job<Result>> {
    return this.#transport.json("GET", jobPath(this.id));
  }

  /**
   * The job as soon as it has ended, however it ended. Survives an API that restarts, and networks that hold streams back.
   * @throws WaitTimeoutError after `timeoutMs`; the signal's reason
   */
  wait(options: WaitOptions = {}): Promise<FinishedJob<Result>> {
    return waitForEnd(this.#transport, this.id, options);
  }

  /**
   * The result of the job as soon as it is there.
   * @throws JobUnsuccessfulError where it ended without one; as `wait`
   */
  async result(options: WaitOptions = {}): Promise<Result> {
    return resultOf(await this.wait(options));
  }

  /** What becomes of the job, and its text while it is written, until it has ended. Survives an API that restarts. */
  stream(options: StreamOptions = {}): AsyncGenerator<JobEvent<Result>, void, undefined> {
    return followJob(this.#transport, this.id, options);
  }

  /** Cancels the job; of a running one the call to Gemini is aborted, and what it cost is recorded. */
  cancel(): Promise<Job<Result>> {
    return this.#transport.json("DELETE", jobPath(this.id));
  }

  /**
   * Has a failed job tried again, under the same id: it takes a token, and what it has finished is neither done nor paid
   * again. One that waits or runs already is left as it is.
   */
  retry(): Promise<Job<Result>> {
    return this.#transport.json("POST", `${jobPath(this.id)}/retry`, { repeatable: true });
  }

  /** Says what became of the result: the next ones learn from it. A later word replaces an earlier one. */
  async feedback(feedback: JobFeedback): Promise<void> {
    await this.#transport.send("POST", `${jobPath(this.id)}/feedback`, { body: feedback, repeatable: true });
  }

  /** A short-lived token with which a browser may read this job and follow its events, and nothing else. */
  createToken(options: { expiresInSeconds?: number | undefined } = {}): Promise<JobToken> {
    return this.#transport.json("POST", `${jobPath(this.id)}/token`, { body: options, repeatable: true });
  }
}

/** @throws JobUnsuccessfulError where there is none */
export function resultOf<Result>(job: FinishedJob<Result>): Result {
  if (job.status !== "completed" || job.result === undefined) throw new JobUnsuccessfulError(job);
  return job.result;
}
