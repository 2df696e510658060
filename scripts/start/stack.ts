import { complain } from "./progress.ts";
import type { Part } from "./supervise.ts";

/** The parts that run. What came last depends on what came before, so it stops first: Postgres last of all. */
export interface Stack {
  add(part: Part): void;
  isEmpty(): boolean;
  /** Stops all, in order; one that fails to stop does not keep the others from it. */
  stop(): Promise<void>;
  /** Makes a stop under way, and those to come, end at once. */
  hurry(): void;
}

export function createStack(): Stack {
  const parts: Part[] = [];
  let isHurried = false;
  return {
    add: (part) => parts.push(part),
    isEmpty: () => parts.length === 0,
    async stop() {
      for (let part = parts.at(-1); part; part = parts.at(-1)) {
        if (isHurried) part.hurry();
        await part
          .stop()
          .catch((err: unknown) => complain(`${part?.name} did not stop well: ${String(err)}`));
        parts.pop();
      }
    },
    hurry() {
      isHurried = true;
      parts.at(-1)?.hurry();
    },
  };
}
