import type { FinishedJob, JobEvent } from "../api/job.ts";
import { Deadline } from "../http/deadline.ts";
import type { StreamOptions } from "./job-events.ts";
import { type JobHandle, resultOf } from "./job-handle.ts";
import { type WaitOptions, WaitTimeoutError } from "./wait-for-end.ts";

/** What came of submitting: the job, and its end where the API held its answer until then. */
export interface Submission<Result> {
  handle: JobHandle<Result>;
  finished?: FinishedJob<Result> | undefined;
}

/** Longest that an answer is asked to be held: most proxies allow 30 s. */
const preferWaitSecondsMax = 20;

/**
 * A job on its way to the API. `await` it to have its handle as soon as it is accepted, or ask for what you want of it
 * at once: `await understudy.chat(…).result()` asks the API to hold its answer, and takes one request where the job is
 * quick.
 */
export class PendingJob<Result> implements PromiseLike<JobHandle<Result>> {
  readonly #submission: Promise<Submission<Result>>;
  #preferWaitSeconds = 0;

  /** @param submit called once, when this turn of the event loop has said what is wanted */
  constructor(submit: (preferWaitSeconds: number) => Promise<Submission<Result>>) {
    this.#submission = Promise.resolve().then(() => submit(this.#preferWaitSeconds));
  }

  // biome-ignore lint/suspicious/noThenProperty: that it can be awaited is the point
  then<Value = JobHandle<Result>, Other = never>(
    onAccepted?: ((handle: JobHandle<Result>) => Value | PromiseLike<Value>) | null,
    onRefused?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    return this.#submission.then(({ handle }) => handle).then(onAccepted, onRefused);
  }

  catch<Other = never>(
    onRefused?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<JobHandle<Result> | Other> {
    return this.then(null, onRefused);
  }

  finally(onSettled?: (() => void) | null): Promise<JobHandle<Result>> {
    return this.then().finally(onSettled);
  }

  /** See `JobHandle.wait`; `timeoutMs` counts from now, the time until the job is accepted included. */
  async wait(options: WaitOptions = {}): Promise<FinishedJob<Result>> {
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
    this.#preferWaitSeconds = Math.min(preferWaitSecondsMax, Math.floor(timeoutMs / 1_000));
    const deadline = new Deadline(options.timeoutMs, signal);
    let jobId: string | undefined;
    try {
      const { handle, finished } = await orAborted(this.#submission, deadline.signal);
      jobId = handle.id;
      return finished ?? (await handle.wait({ signal: deadline.signal }));
    } catch (error) {
      throw deadline.isOver ? new WaitTimeoutError(jobId, timeoutMs) : error;
    } finally {
      deadline.clear();
    }
  }

  /** See `JobHandle.result`. */
  async result(options: WaitOptions = {}): Promise<Result> {
    return resultOf(await this.wait(options));
  }

  /** See `JobHandle.stream`. */
  async *stream(options: StreamOptions = {}): AsyncGenerator<JobEvent<Result>, void, undefined> {
    const { handle } = await this.#submission;
    yield* handle.stream(options);
  }
}

/** What a promise gives, unless the signal aborts before. */
function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
