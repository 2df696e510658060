import type { FinishedJob, Job } from "../api/job.ts";
import { RequestTimeoutError, UnderstudyError } from "../errors.ts";
import { backoffMs } from "../http/backoff.ts";
import { Deadline } from "../http/deadline.ts";
import { Patience } from "../http/patience.ts";
import { sleep } from "../http/sleep.ts";
import { mayPass, type Transport } from "../http/transport.ts";
import { jobPath, noStreamsCode, openJobEvents } from "./job-events.ts";

export interface WaitOptions {
  /** Gives up with a WaitTimeoutError, and leaves the job as it is; waits as long as it takes unless given. */
  timeoutMs?: number | undefined;
  /** Stops waiting: rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The job had not ended after `timeoutMs`. It goes on: wait again, or cancel it. Code `wait_timeout`. */
export class WaitTimeoutError extends UnderstudyError {
  override readonly name = "WaitTimeoutError";
  /** Undefined where it was not even known to be accepted. */
  readonly jobId: string | undefined;

  constructor(jobId: string | undefined, timeoutMs: number) {
    super(`${jobId ?? "The job"} has not ended within ${timeoutMs} ms. It goes on.`, {
      code: "wait_timeout",
      retryable: true,
    });
    this.jobId = jobId;
  }
}

/** So many streams that tell nothing, one after the other, and the job is only polled. */
const silentStreamsMax = 2;

/**
 * The job when it has ended: told by its stream, which says so at once; polled where streams do not come through.
 * @throws WaitTimeoutError, the signal's reason, or what neither a stream nor a poll gets over
 */
export async function waitForEnd<Result>(
  transport: Transport,
  id: string,
  { timeoutMs, signal }: WaitOptions,
): Promise<FinishedJob<Result>> {
  const deadline = new Deadline(timeoutMs, signal);
  try {
    return await new JobWait<Result>(transport, id, deadline.signal).untilEnd();
  } catch (error) {
    if (deadline.isOver && timeoutMs !== undefined) throw new WaitTimeoutError(id, timeoutMs);
    throw error;
  } finally {
    deadline.clear();
  }
}

export function isFinished<Result>(job: { status: Job["status"] }): job is FinishedJob<Result> {
  return job.status !== "queued" && job.status !== "running";
}

class JobWait<Result> {
  readonly #transport: Transport;
  readonly #id: string;
  readonly #signal: AbortSignal;
  readonly #patience = new Patience();
  #silentStreams = 0;
  /** Since anything was heard. */
  #polls = 0;

  constructor(transport: Transport, id: string, signal: AbortSignal) {
    this.#transport = transport;
    this.#id = id;
    this.#signal = signal;
  }

  async untilEnd(): Promise<FinishedJob<Result>> {
    for (;;) {
      const ended = (await this.#stream()) ?? (await this.#poll());
      if (ended) return ended;
      await sleep(backoffMs(this.#polls++), this.#signal);
    }
  }

  /** @returns undefined where the stream does not tell the end */
  async #stream(): Promise<FinishedJob<Result> | undefined> {
    if (this.#silentStreams >= silentStreamsMax) return undefined;
    try {
      // From the beginning, so that there is an event at once by which a stream shows that it comes through.
      const events = await openJobEvents<Result>(this.#transport, this.#id, undefined, this.#signal);
      if (!events) return undefined;
      this.#silentStreams++;
      for await (const event of events) {
        this.#silentStreams = 0;
        this.#polls = 0;
        if (event.event === "done") return event.data;
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof RequestTimeoutError) this.#silentStreams++;
      else if (error instanceof UnderstudyError && error.code === noStreamsCode)
        this.#silentStreams = silentStreamsMax;
      else if (!mayPass(error)) throw error;
    }
    return undefined;
  }

  async #poll(): Promise<FinishedJob<Result> | undefined> {
    this.#signal.throwIfAborted();
    try {
      const job = await this.#transport.json<Job<Result>>("GET", jobPath(this.#id), { signal: this.#signal });
      this.#patience.renew();
      return isFinished<Result>(job) ? job : undefined;
    } catch (error) {
      this.#signal.throwIfAborted();
      await this.#patience.wait(error, this.#signal);
      return undefined;
    }
  }
}
