/** Wakes one who waits; a ring while nobody waits is kept for the next wait. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  /** Until it rings, `timeoutMs` at most. @returns whether it rang */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const rang = this.#rung;
    this.#rung = false;
    return rang;
  }
}
