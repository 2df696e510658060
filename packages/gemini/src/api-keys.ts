/** How long a key that was refused is left out. */
const leftOutMs = 300_000;

/** The API keys of one account, used in turn. */
export class ApiKeys {
  readonly #keys: readonly string[];
  /** Until when a key is left out, in milliseconds of the process's own clock. */
  readonly #leftOutUntil = new Map<string, number>();
  readonly #now: () => number;
  #turn = 0;

  /** @param list separated by commas */
  constructor(list: string, now: () => number = () => performance.now()) {
    const keys = list.split(",").map((key) => key.trim());
    const named = keys.filter((key) => key !== "");
    this.#keys = named.length > 0 ? [...new Set(named)] : [""];
    this.#now = now;
  }

  get all(): readonly string[] {
    return this.#keys;
  }

  /** The key of the next request: of those that are not left out, else of all. */
  next(): string {
    const inTurn = [...this.#keys.slice(this.#turn), ...this.#keys.slice(0, this.#turn)];
    const key = inTurn.find((each) => this.#isFit(each)) ?? inTurn[0] ?? "";
    this.#turn = (this.#keys.indexOf(key) + 1) % this.#keys.length;
    return key;
  }

  /** Leaves a key out that was refused. @returns whether another may be tried instead */
  leaveOut(key: string): boolean {
    this.#leftOutUntil.set(key, this.#now() + leftOutMs);
    return this.#keys.some((other) => this.#isFit(other));
  }

  #isFit(key: string): boolean {
    return this.#now() >= (this.#leftOutUntil.get(key) ?? Number.NEGATIVE_INFINITY);
  }
}
