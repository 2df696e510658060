import { isTerminal, type Job } from "@understudy/contracts";
import type { JobEndings, JobNews, JobStreamEntry, JobStreams, StreamNews } from "@understudy/queues";
import type { Jobs } from "../jobs.ts";
import { Bell } from "./bell.ts";
import { doneStateOf, type EventCursor, stateOf, writeCursor } from "./event-cursor.ts";
import type { EventResponse } from "./event-response.ts";
import type { JobWatch } from "./job-watch.ts";
import { ShownText } from "./shown-text.ts";

/** Where it is heard what becomes of a job. */
export interface JobEventSources {
  jobs: Pick<Jobs, "find">;
  streams: JobStreams;
  news: JobNews;
  endings: JobEndings;
  watch: JobWatch;
  /** Aborts when the API stops. */
  stopping: AbortSignal;
  /** Another silence before a heartbeat, for tests. */
  heartbeatMs?: number;
  /** Another patience with readers that do not read, for tests. */
  stalledMs?: number;
}

/** Below the minute after which many proxies take a connection for dead. */
const heartbeatMsDefault = 15_000;

/** When to look without having heard anything; sooner where the last look failed. */
const lookMs = 5_000;
const lookAgainMs = 1_000;

/** The same for why a job waits: it may change unheard, and there may be a thousand readers. */
const lookAtWaitingMs = 15_000;

/** Of a reader who takes longer than the text comes, no more is kept. */
const heardMax = 50;

const draftNote = "A draft: compliance has still to pass. Show it to no fan before done.";

/**
 * Tells a reader what becomes of a job, until it has ended, the reader is gone, or the API stops. What Redis does not
 * tell Postgres does: then there are no pieces of text, but every state and the end.
 * @param mayRead asked at each heartbeat: once he may not, the reader is told no more
 */
export async function tellJob(
  sources: JobEventSources,
  job: Job,
  cursor: EventCursor,
  reader: EventResponse,
  gone: AbortSignal,
  mayRead: () => Promise<boolean>,
): Promise<void> {
  const { news, endings, watch, stopping, heartbeatMs = heartbeatMsDefault } = sources;
  const story = new JobStory(sources, job, cursor, reader);
  const bell = new Bell();
  const changed = () => {
    story.isStale = true;
    bell.ring();
  };
  const stopListening = [
    news.on(job.id, (heard) => {
      story.hear(heard);
      bell.ring();
    }),
    endings.on(job.id, changed),
    watch.on(job.id, changed),
    onAbort(stopping, bell.ring),
    onAbort(gone, bell.ring),
  ];
  let askedAt = performance.now();
  try {
    while (!stopping.aborted && !reader.isGone) {
      if (performance.now() - askedAt >= heartbeatMs) {
        if (!(await mayRead())) return;
        askedAt = performance.now();
      }
      if (await story.goOn()) return;
      const silentMs = performance.now() - story.toldAt;
      if (silentMs >= heartbeatMs) await story.beat();
      const rang = await bell.wait(Math.min(heartbeatMs, story.isStale ? lookAgainMs : lookMs));
      if (!rang) story.hear(undefined);
    }
  } finally {
    for (const stop of stopListening) stop();
    reader.end();
  }
}

/** What a reader has been told, and what comes next. */
class JobStory {
  /** What is known of the job may be old. */
  isStale = false;
  #lookedAt = performance.now();
  /** Redis may have text that was not heard of. */
  #mustRead = true;
  /** Text that was heard of, in order. */
  #heard: StreamNews[] = [];
  /** When the reader last heard anything. */
  toldAt = performance.now();
  readonly #sources: JobEventSources;
  readonly #reader: EventResponse;
  readonly #shown: ShownText;
  readonly #cursor: EventCursor;
  #job: Job;

  constructor(sources: JobEventSources, job: Job, cursor: EventCursor, reader: EventResponse) {
    this.#sources = sources;
    this.#job = job;
    this.#cursor = { ...cursor };
    this.#reader = reader;
    this.#shown = new ShownText(cursor.textLength);
  }

  /** Takes in what Redis tells. @param news undefined where Redis is to be asked */
  hear(news: StreamNews | undefined): void {
    // It writes, so it runs.
    if (news && this.#job.status !== "running") this.isStale = true;
    if (news && this.#heard.length < heardMax) {
      this.#heard.push(news);
      return;
    }
    this.#heard = [];
    this.#mustRead = true;
  }

  /** Tells what is new. @returns whether that was all */
  async goOn(): Promise<boolean> {
    await this.#lookAtJob();
    const job = this.#job;
    const hasEnded = isTerminal(job.status);
    if (!hasEnded) await this.#tellState(job);
    // Looked at after the job: of one that has ended all text is there.
    if (hasEnded) this.hear(undefined);
    await this.#tellText();
    if (!hasEnded) return false;
    // For who else comes back for it.
    this.#sources.streams.keepEnded(job.id).catch(() => {});
    await this.#tellState(job);
    this.#cursor.state = doneStateOf(job);
    await this.#tell({ event: "done", data: job });
    return true;
  }

  async beat(): Promise<void> {
    await this.#reader.beat();
    this.toldAt = performance.now();
  }

  /** Whether a job runs is told with its text; of one that waits, why may change unheard. */
  async #lookAtJob(): Promise<void> {
    const isKnown = this.#job.status === "running" || performance.now() - this.#lookedAt < lookAtWaitingMs;
    if (!this.isStale && isKnown) return;
    this.isStale = false;
    this.#lookedAt = performance.now();
    try {
      this.#job = (await this.#sources.jobs.find(this.#job.id)) ?? this.#job;
    } catch {
      this.isStale = true;
    }
  }

  async #tellState(job: Job): Promise<void> {
    const state = stateOf(job);
    if (state === this.#cursor.state) return;
    this.#cursor.state = state;
    const { status, waitingFor, admission, attempts } = job;
    await this.#tell({
      event: "status",
      data: { status, attempts, ...(waitingFor && { waitingFor }), ...(admission && { admission }) },
    });
  }

  async #tellText(): Promise<void> {
    // What was heard is told as long as nothing before it is missing; else Redis is asked for all.
    for (let news = this.#heard.shift(); news && !this.#mustRead; news = this.#heard.shift()) {
      if (news.after === this.#cursor.entryId) for (const entry of news.entries) await this.#tellEntry(entry);
      else this.#mustRead = true;
    }
    if (this.#mustRead) await this.#readText();
  }

  async #readText(): Promise<void> {
    this.#mustRead = false;
    // Newer than what is read now is none of it.
    this.#heard = [];
    for (;;) {
      const entries = await this.#sources.streams
        .read(this.#job.id, this.#cursor.entryId)
        .catch((): JobStreamEntry[] => []);
      if (entries.length === 0) return;
      for (const entry of entries) await this.#tellEntry(entry);
      if (this.#reader.isGone) return;
    }
  }

  async #tellEntry(entry: JobStreamEntry): Promise<void> {
    const { retract, text } = this.#shown.take(entry);
    if (retract) {
      // Its id is before the entry, whose text is still to come.
      this.#cursor.textLength = 0;
      await this.#tell({ event: "retract", data: {} });
    }
    this.#cursor.entryId = entry.id;
    this.#cursor.textLength = this.#shown.length;
    if (text === "") return;
    const note = this.#job.agent === "chat" ? { note: draftNote } : {};
    await this.#tell({ event: "token", data: { text, step: entry.step, provisional: true, ...note } });
  }

  async #tell(event: Parameters<EventResponse["send"]>[0]): Promise<void> {
    await this.#reader.send(event, writeCursor(this.#cursor));
    this.toldAt = performance.now();
  }
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
