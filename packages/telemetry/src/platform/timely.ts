/** How old what is shown may be: scrapes that come together share one look. */
const freshMs = 2_000;

/** How long a scrape waits for it. */
const waitMs = 1_000;

/**
 * Something that is looked up for scrapes, and must not be able to hurt: never twice at once, however many ask; not
 * waited for longer than a second; and not shown at all rather than stale.
 */
export class Timely<Value> {
  readonly #look: () => Promise<Value>;
  #underWay: Promise<Value | undefined> | undefined;
  #last: { value: Value; at: number } | undefined;

  constructor(look: () => Promise<Value>) {
    this.#look = look;
  }

  /** @returns undefined where it can't be had in time. Never rejects. */
  async get(): Promise<Value | undefined> {
    const fresh = this.#fresh();
    if (fresh) return fresh.value;
    // What hangs is not begun again.
    this.#underWay ??= this.#begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), waitMs);
    });
    const value = await Promise.race([this.#underWay, late]);
    clearTimeout(timer);
    return value;
  }

  #fresh(): { value: Value } | undefined {
    return this.#last && performance.now() - this.#last.at < freshMs ? this.#last : undefined;
  }

  async #begin(): Promise<Value | undefined> {
    try {
      const value = await this.#look();
      this.#last = { value, at: performance.now() };
      return value;
    } catch {
      return undefined;
    } finally {
      this.#underWay = undefined;
    }
  }
}
