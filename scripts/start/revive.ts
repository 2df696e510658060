import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "./launch-error.ts";
import { complain, say } from "./progress.ts";

const QUICK_DEATHS_MAX = 5;
/** A life at least this long makes the deaths before it count no more. */
const LONG_LIFE_MS = 10_000;
const DELAY_FIRST_MS = 200;

export interface Reviver {
  /** It ended unasked: starts it again, later after each quick death. */
  died(how: string): Promise<void>;
  /** From now on nothing is started again. */
  cease(): void;
}

/**
 * Keeps one part of the stack alive.
 * @param revive starts it again; rejects when it does not get ready
 * @param giveUp called after five quick deaths in a row
 */
export function createReviver(name: string, revive: () => Promise<void>, giveUp: () => void): Reviver {
  let quickDeaths = 0;
  let aliveSince = Date.now();
  let hasCeased = false;

  async function died(how: string): Promise<void> {
    for (let reason = how; !hasCeased; ) {
      quickDeaths = Date.now() - aliveSince < LONG_LIFE_MS ? quickDeaths + 1 : 1;
      if (quickDeaths > QUICK_DEATHS_MAX) {
        complain(`${name} ended again (${reason}), ${quickDeaths} times in a row: giving up`);
        giveUp();
        return;
      }
      complain(`${name} ended (${reason}): starting it again`);
      await sleep(DELAY_FIRST_MS * 2 ** (quickDeaths - 1));
      if (hasCeased) return;
      aliveSince = Date.now();
      try {
        await revive();
        say(`✓ ${name} is back`);
        return;
      } catch (err) {
        [reason = ""] = messageOf(err).split("\n");
      }
    }
  }

  return {
    died,
    cease: () => {
      hasCeased = true;
    },
  };
}
