interface State {
  /** Of the longest text that leads here. */
  length: number;
  /** Where the longest other end of that text leads; of the start nowhere. */
  link: number;
  next: Map<string, number>;
}

/**
 * All parts of a text, as a suffix automaton: made and asked in steps in the order of the lengths, whatever the texts.
 * Source: Blumer et al., "The smallest automaton recognizing the subwords of a text", 1985.
 */
export class PartsOfText {
  readonly #states: State[] = [{ length: 0, link: -1, next: new Map() }];
  /** Where each beginning of the text leads, by its length. */
  readonly #prefixes: number[] = [0];

  constructor(text: string) {
    for (const char of text.split("")) this.#prefixes.push(this.#extend(char));
  }

  /** For each place of the text: how much of what ends there, it included, stands in one of the others as well. */
  longestMatches(others: readonly string[]): number[] {
    const fromShort = this.#byLength();
    const longest = this.#longestByState(others, fromShort);
    // Each finds its link's done.
    const best = new Array<number>(this.#states.length).fill(0);
    for (const at of fromShort) {
      best[at] = longest[at] || best[this.#state(at).link] || 0;
    }
    return this.#prefixes.slice(1).map((at) => best[at] ?? 0);
  }

  /** The longest part of the others that each state was reached with; 0 where it was not. */
  #longestByState(others: readonly string[], fromShort: readonly number[]): number[] {
    const longest = new Array<number>(this.#states.length).fill(0);
    for (const other of others) this.#walk(other, longest);
    for (const at of fromShort.toReversed()) {
      const { link } = this.#state(at);
      if (longest[at] && link > 0) longest[link] = this.#state(link).length;
    }
    return longest;
  }

  #walk(other: string, longest: number[]): void {
    let at = 0;
    let length = 0;
    for (let n = 0; n < other.length; n++) {
      const char = other.charAt(n);
      while (at > 0 && !this.#state(at).next.has(char)) {
        at = this.#state(at).link;
        length = this.#state(at).length;
      }
      const next = this.#state(at).next.get(char);
      if (next === undefined) continue;
      at = next;
      longest[at] = Math.max(longest[at] ?? 0, ++length);
    }
  }

  #extend(char: string): number {
    const before = this.#prefixes.at(-1) ?? 0;
    const added = this.#add({ length: this.#state(before).length + 1, link: 0, next: new Map() });
    let at = before;
    for (; at !== -1 && !this.#state(at).next.has(char); at = this.#state(at).link) {
      this.#state(at).next.set(char, added);
    }
    if (at !== -1) this.#state(added).link = this.#linkOver(at, char);
    return added;
  }

  /** Where the end that `at` and `char` make leads: a state of its own, made now where it had none. */
  #linkOver(at: number, char: string): number {
    const reached = this.#state(at).next.get(char) ?? 0;
    const { length, link, next } = this.#state(reached);
    if (length === this.#state(at).length + 1) return reached;
    const copy = this.#add({ length: this.#state(at).length + 1, link, next: new Map(next) });
    for (let from = at; from !== -1 && this.#state(from).next.get(char) === reached; ) {
      this.#state(from).next.set(char, copy);
      from = this.#state(from).link;
    }
    this.#state(reached).link = copy;
    return copy;
  }

  #add(state: State): number {
    return this.#states.push(state) - 1;
  }

  #state(at: number): State {
    return this.#states[at] as State;
  }

  /** All but the start, the shortest first. */
  #byLength(): number[] {
    const ofLength: number[][] = this.#prefixes.map(() => []);
    this.#states.forEach(({ length }, at) => {
      ofLength[length]?.push(at);
    });
    return ofLength.slice(1).flat();
  }
}
