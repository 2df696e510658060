import type { JobStreamEntry } from "@understudy/queues";

/** The text that a reader has, as far as the next entry of the stream has to fit it. */
export class ShownText {
  #length: number;
  #attempt = 0;
  /** Unknown after a resumption. */
  #step: string | undefined;

  /** @param length of the text that the reader has */
  constructor(length: number) {
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  /** What the reader must be told of an entry. */
  take(entry: JobStreamEntry): { retract: boolean; text: string } {
    const { kind, attempt, step, at, text } = entry;
    // Of a worker that has lost the job, and did not know.
    if (attempt < this.#attempt) return { retract: false, text: "" };
    const fits = attempt === this.#attempt ? step === this.#step : this.#step === undefined;
    this.#attempt = attempt;
    if (kind === "token" && at === this.#length && (fits || at === 0)) {
      this.#step = step;
      this.#length += text.length;
      return { retract: false, text };
    }
    const retract = this.#length > 0;
    this.#step = "";
    this.#length = 0;
    // Half a text is worse than none: where Redis has lost its beginning, it is not shown at all.
    if (kind === "retract" || at > 0) return { retract, text: "" };
    this.#step = step;
    this.#length = text.length;
    return { retract, text };
  }
}
