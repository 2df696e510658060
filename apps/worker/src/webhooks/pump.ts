import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { claimDeliveries, type DeliveryToTry, publishEvents } from "@understudy/webhooks";
import { repeat } from "../repeat.ts";

/** Events that one round takes out of the outbox. */
const eventsMax = 500;

/** Deliveries that one round claims: their bodies are in memory together. */
const claimMax = 200;

/** What an endpoint may have under way, whoever makes its tries. */
const bound = { perEndpoint: 100, perFailing: 10 };

/** Where nobody wakes it: for what other processes put into the outbox, and what workers that died had in hand. */
const pauseMs = 1_000;

/** Between rounds, so that what comes meanwhile is moved on together: a round for each few tries costs more than they. */
const gatherMs = 10;

interface PumpDependencies {
  database: Database;
  logger: Logger;
  leaseSeconds: number;
  /** How many more tries may be under way here. */
  room(): number;
  /** Makes tries of what was claimed. Is not waited for. */
  begin(claimed: DeliveryToTry[]): void;
}

export interface Pump {
  /** Something may be there to publish or to claim, now or in so many ms. */
  wake(inMs?: number): void;
  stop(): Promise<void>;
}

/**
 * Moves events on: out of the outbox into deliveries, and deliveries whose time has come into tries. Several workers'
 * pumps share the work.
 */
export function startPump({ database, logger, leaseSeconds, room, begin }: PumpDependencies): Pump {
  let isAwake = false;
  let goOn = () => {};
  const timers = new Set<NodeJS.Timeout>();

  async function round(): Promise<void> {
    isAwake = false;
    try {
      if ((await publishEvents(database, eventsMax)) === eventsMax) isAwake = true;
      const limit = Math.min(room(), claimMax);
      if (limit <= 0) return;
      const claimed = await claimDeliveries(database, { ...bound, limit, leaseSeconds });
      if (claimed.length === 0) return;
      // Of many each endpoint was given its share, and may have room for more.
      if (claimed.length > 1) isAwake = true;
      begin(claimed);
    } catch (err) {
      // What was claimed without our hearing of it is due again when its lease is over.
      logger.warn({ err }, "webhooks were not moved on, and will be tried again");
    }
  }

  /** Until it is woken, a second at most. */
  async function rest(stopping: AbortSignal): Promise<void> {
    await sleep(gatherMs);
    if (isAwake || stopping.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    goOn = () => {};
  }

  const loop = repeat(async (stopping) => {
    await round();
    await rest(stopping);
    return { pauseMs: 0 };
  });

  function wakeNow(): void {
    isAwake = true;
    goOn();
  }

  return {
    wake(inMs = 0) {
      if (inMs <= 0) return wakeNow();
      // It looks by itself as often.
      if (inMs >= pauseMs) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        wakeNow();
      }, inMs);
      timers.add(timer);
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      const stopped = loop.stop();
      wakeNow();
      await stopped;
    },
  };
}
