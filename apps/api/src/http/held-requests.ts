import type { Response } from "express";
import { boundsOf } from "./caller.ts";

/** Whether nobody waits for the answer any more: its connection has closed. */
export function isGone(response: Response): boolean {
  return response.closed || response.destroyed;
}

/** Requests of one holder that may be held open at once, in each process. */
export class HeldRequests {
  readonly #max: { key: number; jobToken: number };
  readonly #open = new Map<string, number>();

  constructor(max: { key: number; jobToken: number }) {
    this.#max = max;
  }

  /**
   * Counts a request until its connection closes.
   * @returns whether there may be one more; always for who may do everything
   */
  hold(response: Response): boolean {
    const { name: holder, kind } = boundsOf(response) ?? {};
    // Of one who has left meanwhile nothing would tell that it is over.
    if (holder === undefined || kind === undefined || isGone(response)) return true;
    const open = this.#open.get(holder) ?? 0;
    if (open >= this.#max[kind]) return false;
    this.#open.set(holder, open + 1);
    response.once("close", () => this.#letGo(holder));
    return true;
  }

  #letGo(holder: string): void {
    const open = (this.#open.get(holder) ?? 1) - 1;
    if (open === 0) this.#open.delete(holder);
    else this.#open.set(holder, open);
  }
}
