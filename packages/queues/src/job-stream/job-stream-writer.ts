/** More text of a step, or: forget all text so far. */
export type StreamKind = "token" | "retract";

/** What is told of a job's text. */
export interface StreamItem {
  kind: StreamKind;
  /** Key of the step within the job. */
  step: string;
  /** Length of the step's text before this, in UTF-16 code units: shows a reader that something is missing. */
  at: number;
  text: string;
}

/** Of a step whose text is shown while it is generated. */
export interface ShownStep {
  /** Shows more. Nothing, once another step is shown. */
  push(text: string): void;
  /** Shows the step's text as it is in the end, whatever was shown until then. */
  complete(text: string): void;
}

/** Least time between two writes: what comes meanwhile is joined. Text that comes more often reads no better. */
const pauseMs = 40;

/** The same after a write that failed. */
const pauseMsAway = 1_000;

/**
 * Tells a job's readers what one attempt writes, while it writes it; as long as there is none it keeps the text to itself. One step
 * is shown at a time: the next one takes back the last one's text. Never throws and never waits: while Redis is away nothing is
 * told, and what was missed is told again from the beginning of the step.
 */
export class JobStreamWriter {
  readonly #append: (items: StreamItem[], isEnd: boolean) => Promise<unknown>;
  readonly #attempt: number;
  /** What readers are shown, or will be. */
  #step = "";
  #text = "";
  /** How much of `text` has been handed to Redis. */
  #told = 0;
  /** Somebody reads, or has read. */
  #isTold = false;
  /** Readers may have text that is not part of `text`. */
  #mustRetract = false;
  #isWriting = false;
  #hasWritten = false;
  #isEnd = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param append isEnd: nothing comes after it; it may be told so without items, unless there was never any */
  constructor(attempt: number, append: (items: StreamItem[], isEnd: boolean) => Promise<unknown>) {
    this.#attempt = attempt;
    this.#append = append;
  }

  /** Whether the attempt is over, and writes no more than it has. */
  get isOver(): boolean {
    return this.#closed;
  }

  /** Somebody reads: all that is shown until now is told, and from now on each piece. */
  tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    if (!this.#closed) this.#writeSoon();
    else if (this.#hasNews()) this.#write();
  }

  /** The attempt has begun: what an earlier one wrote is taken back, whether somebody reads or not. */
  begin(): void {
    this.#mustRetract = this.#attempt > 1;
    this.#writeSoon();
  }

  /** A step begins whose text is shown. */
  show(step: string): ShownStep {
    const isShown = () => this.#step === step && !this.#closed;
    this.retract();
    this.#step = step;
    return {
      push: (text) => {
        if (!isShown()) return;
        this.#text += text;
        this.#writeSoon();
      },
      complete: (text) => {
        if (!isShown()) return;
        if (!text.startsWith(this.#text)) this.retract();
        this.#text = text;
        this.#writeSoon();
      },
    };
  }

  /** Takes back what was shown. */
  retract(): void {
    if (this.#told > 0) this.#mustRetract = true;
    this.#text = "";
    this.#told = 0;
    this.#writeSoon();
  }

  /**
   * The attempt is over. Call it before the end is announced: the same connection keeps the order.
   * @param result what it came to, if it came to anything: text that is none of it is taken back
   * @param isJobsEnd nothing comes after it: else another attempt goes on
   */
  end(result: object | undefined, isJobsEnd: boolean): void {
    const shown = this.#text.trim();
    const isKept = Object.values(result ?? {}).some((value) => value === shown);
    // From here on there is one write, the last.
    this.#closed = true;
    this.#isEnd = isJobsEnd;
    if (!isKept) this.retract();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#hasNews() || (isJobsEnd && this.#hasWritten)) this.#write();
  }

  #hasNews(): boolean {
    return this.#mustRetract || (this.#isTold && this.#told < this.#text.length);
  }

  #writeSoon(): void {
    if (this.#timer || this.#isWriting || this.#closed || !this.#hasNews()) return;
    this.#write();
  }

  #write(): void {
    const items: StreamItem[] = [];
    const [step, at] = [this.#step, this.#told];
    if (this.#mustRetract) items.push({ kind: "retract", step, at: 0, text: "" });
    if (this.#isTold && at < this.#text.length) {
      items.push({ kind: "token", step, at, text: this.#text.slice(at) });
      this.#told = this.#text.length;
    }
    this.#mustRetract = false;
    this.#isWriting = true;
    this.#hasWritten = true;
    clearTimeout(this.#timer);
    this.#pause(pauseMs);
    this.#append(items, this.#isEnd)
      .catch(() => {
        // Nobody knows whether it has come.
        this.#mustRetract = true;
        this.#told = 0;
        clearTimeout(this.#timer);
        this.#pause(pauseMsAway);
      })
      .finally(() => {
        this.#isWriting = false;
        this.#writeSoon();
      });
  }

  #pause(forMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writeSoon();
    }, forMs);
  }
}
