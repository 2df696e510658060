import { isTerminal, type Job } from "@understudy/contracts";
import { type Answer, type ApiClient, backoffMs, passes, refuseBadKey } from "../client/api-client.ts";
import { CommandError } from "../client/command-error.ts";
import type { Outcome } from "./outcome.ts";

/** A job that was accepted and has not been seen to end. */
interface Outstanding {
  jobId: string;
  creatorId: string;
  acceptedAt: number;
  polls: number;
  settle(outcome: Outcome): void;
}

/** The jobs of one creator in the order of their acceptance: the order in which the lane releases them. */
interface Line {
  waiting: Outstanding[];
  /** Taken from the front but not to be found ended: they go first. */
  returned: Outstanding[];
  /** How many may be polled at once: doubles while they are found ended, 1 again when one is not. */
  width: number;
  underWay: number;
  coolMs: number;
  /** Set while it rests. */
  cooling: NodeJS.Timeout | undefined;
  /** Polls in a row that found the head still queued. */
  headStill: number;
}

export interface AwaiterOptions {
  concurrency: number;
  signal?: AbortSignal;
  /** Without any job's end for so long, though none waits for its bucket, quota or time: given up. */
  stallMs?: number;
  /** Without any answer of the API for so long: given up. */
  noContactMs?: number;
}

const COOL_FIRST_MS = 50;
const COOL_MAX_MS = 2_000;
const RECHECK_FIRST_MAX_MS = 2_000;
const RECHECK_MAX_MS = 15_000;
const PAUSE_MAX_MS = 3_000;
const HEAD_POLLS_BEFORE_PASSING = 4;
/** Reasons for which a job may rightly wait for hours. */
const LONG_WAITS: ReadonlySet<string | undefined> = new Set(["token", "quota", "time", "paused"]);

/**
 * Polls `GET /api/ai/jobs/{id}` until every job that was added has ended.
 *
 * One request a job would be the least; polling all that are outstanding would be thousands a second in
 * vain. As a creator's jobs are released in order, each creator's line is polled at its head alone: a job
 * found ended opens the line further, a job still queued says that nothing behind it runs either, and the
 * line rests. A job found running (or a head that stays queued) steps aside and is asked again by itself,
 * later and later, so that one slow job holds up nobody's count.
 */
export class ResultAwaiter {
  readonly #api: ApiClient;
  readonly #options: Required<Omit<AwaiterOptions, "signal">>;
  readonly #signal: AbortSignal | undefined;
  readonly #lines = new Map<string, Line>();
  readonly #due: Outstanding[] = [];
  readonly #outstanding = new Set<Outstanding>();
  readonly #waitingFor = new Map<string, number>();
  #underWay = 0;
  /** Set while nothing is polled, because the API is away or asked for it. */
  #wakeUp: NodeJS.Timeout | undefined;
  #failures = 0;
  /** How long jobs run, of late: there is no use in asking again much sooner. */
  #runMs = 0;
  #lastAnswerAt = Date.now();
  #lastEndAt = Date.now();
  #watch: NodeJS.Timeout;
  #fatal: unknown;

  constructor(api: ApiClient, options: AwaiterOptions) {
    this.#api = api;
    this.#signal = options.signal;
    this.#options = { stallMs: 10 * 60_000, noContactMs: 5 * 60_000, ...options };
    this.#watch = setInterval(() => this.#giveUpIfHopeless(), 1_000);
    this.#watch.unref();
    options.signal?.addEventListener("abort", () => this.#giveUp("interrupted"));
  }

  /** Resolves with what became of the job; never rejects but for a key that is not good. */
  async outcomeOf(jobId: string, creatorId: string): Promise<Outcome> {
    if (this.#signal?.aborted) return { kind: "unfinished", jobId, code: "interrupted" };
    const outcome = await new Promise<Outcome>((settle) => {
      const job: Outstanding = { jobId, creatorId, acceptedAt: Date.now(), polls: 0, settle };
      if (this.#outstanding.size === 0) this.#lastEndAt = this.#lastAnswerAt = Date.now();
      this.#outstanding.add(job);
      this.#lineOf(creatorId).waiting.push(job);
      this.#pump();
    });
    if (this.#fatal) throw this.#fatal;
    return outcome;
  }

  /** Why the jobs last polled were waiting, by the API's word, with how many. */
  get waitingFor(): ReadonlyMap<string, number> {
    return this.#waitingFor;
  }

  stop(): void {
    clearInterval(this.#watch);
  }

  #pump(): void {
    if (this.#wakeUp) return;
    while (this.#underWay < this.#options.concurrency) {
      const job = this.#due.shift();
      if (job) {
        void this.#poll(job, undefined);
        continue;
      }
      const line = this.#readyLine();
      const head = line && (line.returned.shift() ?? line.waiting.shift());
      if (!line || !head) return;
      void this.#poll(head, line);
    }
  }

  /** The first line that may be polled; it goes last, so that lines take turns. */
  #readyLine(): Line | undefined {
    for (const [creatorId, line] of this.#lines) {
      const waits = line.returned.length + line.waiting.length;
      if (waits === 0) {
        if (line.underWay === 0 && !line.cooling) this.#lines.delete(creatorId);
        continue;
      }
      if (line.cooling || line.underWay >= line.width) continue;
      this.#lines.delete(creatorId);
      this.#lines.set(creatorId, line);
      return line;
    }
    return undefined;
  }

  async #poll(job: Outstanding, line: Line | undefined): Promise<void> {
    if (!this.#outstanding.has(job)) return;
    this.#underWay += 1;
    if (line) line.underWay += 1;
    try {
      const path = `/api/ai/jobs/${encodeURIComponent(job.jobId)}`;
      const answer = await this.#api.request({ method: "GET", path }).catch(() => undefined);
      this.#take(answer, job, line);
    } catch (thrown) {
      this.#fatal = thrown;
      this.#giveUp("no_contact");
    } finally {
      this.#underWay -= 1;
      if (line) line.underWay -= 1;
      this.#pump();
    }
  }

  /** @throws CommandError a key that is not good, an answer that makes no sense */
  #take(answer: Answer | undefined, job: Outstanding, line: Line | undefined): void {
    if (answer) refuseBadKey(answer);
    if (!answer || passes(answer) || answer.status >= 500) {
      if (line) putBack(line, job);
      else this.#due.push(job);
      this.#pauseAll(answer?.retryAfterMs);
      return;
    }
    this.#failures = 0;
    this.#lastAnswerAt = Date.now();
    if (answer.status === 404) {
      this.#end(job, { kind: "unfinished", jobId: job.jobId, code: "job_not_found" });
      return;
    }
    const found = jobIn(answer);
    if (isTerminal(found.status)) {
      this.#learnRunTime(found);
      this.#end(job, { kind: "ended", job: found });
      return;
    }
    if (line) this.#rest(line, job, found);
    else this.#recheckLater(job);
    this.#noteWait(found);
  }

  /** Once for all that fail together: 32 failures at once are one restart of the API, not 32. */
  #pauseAll(floorMs: number | undefined): void {
    if (this.#wakeUp) return;
    const wait = Math.min(PAUSE_MAX_MS, backoffMs(this.#failures++)) + (floorMs ?? 0);
    this.#wakeUp = setTimeout(() => {
      this.#wakeUp = undefined;
      this.#pump();
    }, wait);
  }

  #rest(line: Line, job: Outstanding, found: Job): void {
    line.width = 1;
    const untouched = found.status === "queued" && found.attempts === 0;
    if (untouched && line.headStill < HEAD_POLLS_BEFORE_PASSING) {
      line.headStill += 1;
      putBack(line, job);
    } else {
      line.headStill = 0;
      this.#recheckLater(job);
    }
    if (line.cooling) return;
    line.cooling = setTimeout(() => {
      line.cooling = undefined;
      this.#pump();
    }, line.coolMs);
    line.coolMs = Math.min(COOL_MAX_MS, line.coolMs * 1.5);
  }

  #learnRunTime({ startedAt, finishedAt }: Job): void {
    if (startedAt === undefined || finishedAt === undefined) return;
    const runMs = Date.parse(finishedAt) - Date.parse(startedAt);
    if (runMs >= 0) this.#runMs += (runMs - this.#runMs) / 16;
  }

  #recheckLater(job: Outstanding): void {
    const first = Math.min(RECHECK_FIRST_MAX_MS, Math.max(COOL_FIRST_MS, this.#runMs / 2));
    const wait = Math.min(RECHECK_MAX_MS, first * 1.6 ** job.polls++);
    setTimeout(() => {
      this.#due.push(job);
      this.#pump();
    }, wait);
  }

  #end(job: Outstanding, outcome: Outcome): void {
    this.#lastEndAt = Date.now();
    this.#waitingFor.clear();
    this.#outstanding.delete(job);
    const line = this.#lines.get(job.creatorId);
    if (line) openFurther(line, this.#options.concurrency);
    job.settle(outcome);
  }

  #noteWait({ waitingFor }: Job): void {
    if (waitingFor) this.#waitingFor.set(waitingFor, (this.#waitingFor.get(waitingFor) ?? 0) + 1);
  }

  #giveUpIfHopeless(): void {
    if (this.#outstanding.size === 0) return;
    const now = Date.now();
    const mayTakeHours = [...this.#waitingFor.keys()].some((reason) => LONG_WAITS.has(reason));
    if (now - this.#lastAnswerAt > this.#options.noContactMs) this.#giveUp("no_contact");
    else if (now - this.#lastEndAt > this.#options.stallMs && !mayTakeHours) this.#giveUp("stalled");
  }

  #giveUp(code: "interrupted" | "stalled" | "no_contact"): void {
    for (const job of this.#outstanding) job.settle({ kind: "unfinished", jobId: job.jobId, code });
    this.#outstanding.clear();
    this.#lines.clear();
    this.#due.length = 0;
  }

  #lineOf(creatorId: string): Line {
    const known = this.#lines.get(creatorId);
    if (known) return known;
    const line: Line = {
      waiting: [],
      returned: [],
      width: 1,
      underWay: 0,
      coolMs: COOL_FIRST_MS,
      cooling: undefined,
      headStill: 0,
    };
    this.#lines.set(creatorId, line);
    return line;
  }
}

function putBack(line: Line, job: Outstanding): void {
  line.returned.push(job);
  line.returned.sort((a, b) => a.acceptedAt - b.acceptedAt);
}

function openFurther(line: Line, widest: number): void {
  line.width = Math.min(widest, line.width * 2);
  line.coolMs = COOL_FIRST_MS;
  line.headStill = 0;
  clearTimeout(line.cooling);
  line.cooling = undefined;
}

/** The contract's word is taken for all but the members on which the polling itself depends. */
export function jobIn({ status, body }: Answer): Job {
  const job = body as Partial<Job> | null | undefined;
  if (status !== 200 || typeof job?.status !== "string" || typeof job.usage?.costUsd !== "string") {
    throw new CommandError(`The API's answer is no job (HTTP ${status}): is that address an Understudy?`, 1);
  }
  return job as Job;
}

/** Reads one job again, as patiently as it is submitted. */
export async function readJob(api: ApiClient, jobId: string, signal?: AbortSignal): Promise<Job | undefined> {
  const answer = await api.requestPatiently({ method: "GET", path: `/api/ai/jobs/${jobId}` }, signal);
  return "status" in answer && answer.status === 200 ? jobIn(answer) : undefined;
}
