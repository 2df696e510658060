import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@understudy/database";
import { type TryPayload, tryId } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { publishEvents, type ReleasedDelivery, releaseDeliveries } from "@understudy/webhooks";
import type { Queue } from "bullmq";
import { repeat } from "../repeat.ts";

/** Events that one round takes out of the outbox. */
const eventsMax = 500;

/** What an endpoint may have under way: released to the queue and not ended. */
const bound = { perEndpoint: 100, perFailing: 10 };

/** Where nobody wakes it. */
const pauseMs = 1_000;

/** Between rounds, so that what comes meanwhile is moved on together: a round for each few tries costs more than they. */
const gatherMs = 10;

interface PumpDependencies {
  database: Database;
  queue: Queue<TryPayload>;
  logger: Logger;
}

export interface Pump {
  /** Something may be there to publish or to release, now or in so many ms. */
  wake(inMs?: number): void;
  stop(): Promise<void>;
}

/**
 * Moves events on: out of the outbox into deliveries, and deliveries whose time has come into the queue. Several
 * workers' pumps share the work.
 */
export function startPump({ database, queue, logger }: PumpDependencies): Pump {
  let isAwake = false;
  let goOn = () => {};
  const timers = new Set<NodeJS.Timeout>();

  async function round(): Promise<void> {
    isAwake = false;
    try {
      if ((await publishEvents(database, eventsMax)) === eventsMax) isAwake = true;
      const released = await releaseDeliveries(database, bound);
      if (released.length > 0) await queue.addBulk(released.map(bulkJob));
    } catch (err) {
      // What was released and not added is taken back by a sweep.
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

function bulkJob({ id: deliveryId, generation, tries }: ReleasedDelivery) {
  const data = { deliveryId, generation, tries };
  return { name: "try", data, opts: { jobId: tryId(data) } };
}
