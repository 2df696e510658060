import { setImmediate as nextTurn } from "node:timers/promises";
import { mayBeOneItems } from "./errors.ts";

/** Items that may wait for a write. More come faster than they are written, and would fill the memory. */
const waitingMaxDefault = 20_000;

/** A write of so many shows load: more are on their way, and waiting for them makes fewer writes. */
const manyItems = 8;

/** What a job writes and reads lingers so long under load: short beside its calls, and its commits are shared by far more. */
export const jobLinger = { lingerMs: 20 };

/** Nothing was done for the item: so many wait already. */
export class TooManyWaitError extends Error {}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export interface GroupCommitOptions {
  /** What comes while so many wait is rejected with a TooManyWaitError. */
  waitingMax?: number;
  /** How long the next write waits for more after one of many; it never waits unless given. */
  lingerMs?: number;
}

/**
 * Writes many at once: what arrives while a write is under way forms the next one. Alone, an item is written at once;
 * under load, a commit is shared by all that came meanwhile, and within `lingerMs` after.
 *
 * `write` answers each item in its order. Items of one key never share a write, so a statement sees each row
 * at most once. Where a write is refused for what may lie in one item, each is written alone, so that only the one at
 * fault fails; any other error fails all, since they may have been committed.
 */
export function groupCommit<Item, Result>(
  itemsMax: number,
  keyOf: (item: Item) => string,
  write: (items: Item[]) => Promise<Result[]>,
  { waitingMax = waitingMaxDefault, lingerMs = 0 }: GroupCommitOptions = {},
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let writing = false;
  /** Ends a linger. */
  let hurry = () => {};

  /** Resolves after `lingerMs`, or when so many wait that they fill a write. */
  async function linger(): Promise<void> {
    if (waiting.length >= itemsMax) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    hurry = () => {};
  }

  function takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    const later: Waiting<Item, Result>[] = [];
    const keys = new Set<string>();
    for (const entry of waiting) {
      const key = keyOf(entry.item);
      const fits = batch.length < itemsMax && !keys.has(key);
      keys.add(key);
      (fits ? batch : later).push(entry);
    }
    waiting = later;
    return batch;
  }

  async function writeBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await write(batch.map((entry) => entry.item));
      batch.forEach((entry, index) => {
        entry.resolve(results[index] as Result);
      });
    } catch (error) {
      if (batch.length > 1 && mayBeOneItems(error)) {
        for (const entry of batch) await writeBatch([entry]);
      } else {
        for (const entry of batch) entry.reject(error);
      }
    }
  }

  async function writeAll(): Promise<void> {
    writing = true;
    // Those that come in the same turn of the event loop belong together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = takeBatch();
      await writeBatch(batch);
      // And so do those that the loop finds next: answers of other items, which came meanwhile, bring more of them.
      await nextTurn();
      if (lingerMs > 0 && batch.length >= manyItems) await linger();
    }
    writing = false;
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      if (waiting.length >= waitingMax)
        return reject(new TooManyWaitError(`${waitingMax} wait for a write.`));
      waiting.push({ item, resolve, reject });
      if (!writing) void writeAll();
      else if (waiting.length >= itemsMax) hurry();
    });
}
