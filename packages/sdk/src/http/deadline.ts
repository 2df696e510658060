/** A timer of more, 24 days, would fire at once. */
const timerMaxMs = 2_147_483_647;

/**
 * A signal that aborts with the caller's, or when the time is over. AbortSignal.any would be shorter, and keeps
 * every signal that it has made for as long as the caller's lives in some runtimes.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  /** The time is over, and the caller did not abort before. */
  isOver = false;

  /** @param milliseconds none: only the caller's signal */
  constructor(milliseconds: number | undefined, parent?: AbortSignal) {
    this.#parent = parent;
    if (parent?.aborted) this.#controller.abort(parent.reason);
    parent?.addEventListener("abort", this.#follow, { once: true });
    if (milliseconds !== undefined) {
      this.#timer = setTimeout(() => this.#end(), Math.min(milliseconds, timerMaxMs));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on only the caller's signal counts. */
  stopClock(): void {
    clearTimeout(this.#timer);
  }

  /** Gives timer and listener back. */
  clear(): void {
    this.stopClock();
    this.#parent?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#parent?.reason);

  #end(): void {
    if (this.signal.aborted) return;
    this.isOver = true;
    this.#controller.abort(new Error("The time is over."));
  }
}
