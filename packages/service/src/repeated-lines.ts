/** Within so long one cause has its lines. */
const quietMs = 10_000;

/** As many causes as there can be at once. */
const causesMax = 1_000;

/**
 * Says of lines about a fault which are new: a fault that lasts is met a thousand times a second, and says nothing new.
 * @param nowMs a clock that only goes forward
 */
export class RepeatedLines {
  readonly #nowMs: () => number;
  readonly #causes = new Map<string, { since: number; said: number; left: number }>();

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * @param cause the same for lines that say the same
   * @param linesMax how many of them are written in ten seconds
   * @returns how many were left out since the last one; undefined where this one is to be left out, too
   */
  note(cause: string, linesMax = 1): number | undefined {
    const now = this.#nowMs();
    const known = this.#causes.get(cause);
    if (known && now - known.since < quietMs) {
      if (known.said < linesMax) {
        known.said += 1;
        return 0;
      }
      known.left += 1;
      return undefined;
    }
    // The latest stand last.
    this.#causes.delete(cause);
    const [oldest = ""] = this.#causes.keys();
    if (this.#causes.size >= causesMax) this.#causes.delete(oldest);
    this.#causes.set(cause, { since: now, said: 1, left: 0 });
    return known?.left ?? 0;
  }
}

/** What a line about a fault is about: its words, and what the error is. */
export function causeOf(message: string | undefined, error: unknown): string {
  const {
    name,
    code,
    message: words,
  } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  return [message, name, code, String(words).slice(0, 40)].join("|");
}
