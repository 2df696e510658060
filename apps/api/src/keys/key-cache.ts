/**
 * How long what is known of a key is taken for true without a word of a change: revocation is heard at once where Redis
 * is there, and after so long in any case.
 */
const knownMs = 5_000;

/** Keys of one process at once; ids that somebody makes up must not fill the memory. */
const keysMax = 10_000;

/** What was read of keys a moment ago, so that a request costs no query. Also that there is no such key. */
export class KeyCache<Key> {
  readonly #read: (id: string) => Promise<Key | undefined>;
  readonly #known = new Map<string, { key: Promise<Key | undefined>; until: number }>();

  constructor(read: (id: string) => Promise<Key | undefined>) {
    this.#read = read;
  }

  /** @throws where it has to be read and can't be */
  find(id: string): Promise<Key | undefined> {
    const known = this.#known.get(id);
    if (known && performance.now() < known.until) return known.key;
    const key = this.#read(id);
    this.#known.delete(id);
    this.#known.set(id, { key, until: performance.now() + knownMs });
    key.catch(() => this.#forget(id, key));
    if (this.#known.size > keysMax) this.#forgetOldest();
    return key;
  }

  /** It has changed: who asks from now on is told what is read from now on. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  /** Changes may have been missed. */
  forgetAll(): void {
    this.#known.clear();
  }

  #forget(id: string, key: Promise<Key | undefined>): void {
    if (this.#known.get(id)?.key === key) this.#known.delete(id);
  }

  #forgetOldest(): void {
    for (const id of this.#known.keys()) {
      this.#known.delete(id);
      return;
    }
  }
}
