/** How soon what was read may be asked for again by who misses something in it. In milliseconds. */
const missedMs = 1_000;

/** What was read, kept for a while: what is changed elsewhere counts after that. By this process' steady clock. */
export class KeptRead<Value> {
  readonly #read: () => Promise<Value>;
  readonly #keepMs: number;
  #value: Promise<Value> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(read: () => Promise<Value>, keepMs: number) {
    this.#read = read;
    this.#keepMs = keepMs;
  }

  /** @throws what reading throws; the next who asks reads again */
  get(): Promise<Value> {
    if (this.#value === undefined || performance.now() - this.#readAt > this.#keepMs) {
      this.#readAt = performance.now();
      const value = this.#read();
      this.#value = value;
      value.catch(() => {
        if (this.#value === value) this.#value = undefined;
      });
    }
    return this.#value;
  }

  /** Reads anew when next asked: it was changed here. */
  refresh(): void {
    this.#value = undefined;
  }

  /**
   * What is found; where nothing is, in what is read anew: it may have been added elsewhere. Not more often than once a
   * second, however many ask for what is not there.
   */
  async find<Found>(look: () => Promise<Found>, isFound: (found: Found) => boolean): Promise<Found> {
    const found = await look();
    if (isFound(found) || performance.now() - this.#readAt < missedMs) return found;
    this.refresh();
    return look();
  }
}
