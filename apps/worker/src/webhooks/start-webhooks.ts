import type { LookupFunction } from "node:net";
import type { Provider } from "@understudy/contracts";
import { type Database, groupCommit, untilDatabaseAnswers } from "@understudy/database";
import { type Logger, SecretBox, type secretsKeys } from "@understudy/service";
import type { WorkerTelemetry } from "@understudy/telemetry";
import {
  type DeliveryToTry,
  giveBackDeliveries,
  giveUpDeliveries,
  recordTries,
  type TryFence,
  type TryRecord,
} from "@understudy/webhooks";
import type { z } from "zod";
import { repeat } from "../repeat.ts";
import { eventBodies } from "./event-bodies.ts";
import { openPoster } from "./post-event.ts";
import { startPump } from "./pump.ts";
import { createSigner } from "./sign-event.ts";
import { type TryDependencies, tryDelivery } from "./try-delivery.ts";

export interface WebhookSettings {
  secretsKeys: z.infer<typeof secretsKeys>;
  /** Calls private addresses as well: for development. */
  allowPrivate: boolean;
  /** Pauses between tries, in ms. */
  schedule: readonly number[];
  /** For a try as a whole. */
  timeoutMs: number;
  /** How long all tries may fail before an endpoint is disabled. */
  disableAfterMs: number;
  /** Who answers, of a job that made no call. */
  expectedProvider: Provider;
  /** Asks DNS; the system's resolver unless given. */
  lookup?: LookupFunction;
}

interface WebhooksDependencies {
  database: Database;
  telemetry: WorkerTelemetry;
  logger: Logger;
}

/** Tries at once in this process. They wait for others most of the time, and an endpoint has a bound of its own. */
const concurrency = 1_000;

const groupMax = 200;

/** What comes before and after a try's request. A worker that was slower has its try made once more, under the same id. */
const leaseMarginMs = 5_000;

/** Deliveries given up at once. */
const givenUpMax = 5_000;

const giveUpPauseMs = 1_000;

/** The way of an event to its endpoints: outbox, delivery, claim, try, record. Postgres alone is asked. */
export function startWebhooks(
  { database, telemetry, logger }: WebhooksDependencies,
  settings: WebhookSettings,
): { wake(): void; stop(stopping: AbortSignal): Promise<void> } {
  const poster = openPoster(settings);
  const underWay = new Set<Promise<void>>();
  const breaking = new AbortController();
  let isStopping = false;

  async function record(tries: TryRecord[]): Promise<TryRecord[]> {
    for (const { endpointId, disabledReason } of await recordTries(database, tries)) {
      telemetry.metrics.endpointsDisabled.inc();
      logger.warn({ endpointId, disabledReason }, "a webhook endpoint was disabled");
    }
    // Their endpoints have room again.
    pump.wake();
    return tries;
  }

  async function giveBack(claimed: TryFence[]): Promise<TryFence[]> {
    await giveBackDeliveries(database, claimed);
    return claimed;
  }

  const recordOne = groupCommit(groupMax, ({ id }: TryRecord) => id, record);
  const giveBackOne = groupCommit(groupMax, ({ id }: TryFence) => id, giveBack);
  const dependencies: TryDependencies = {
    record: (tried) => untilDatabaseAnswers(() => recordOne(tried)),
    sign: createSigner(new SecretBox(settings.secretsKeys)),
    poster,
    telemetry,
    clock: database.clock,
    schedule: settings.schedule,
    disableAfterSeconds: settings.disableAfterMs / 1_000,
    stopping: breaking.signal,
  };

  async function makeTry(delivery: DeliveryToTry, body: Promise<string>): Promise<void> {
    try {
      const loaded = { ...delivery, body: await body };
      if (isStopping) return void (await giveBackOne(delivery));
      const next = await tryDelivery(dependencies, loaded);
      if (next) pump.wake(next.getTime() - database.clock.now().getTime());
    } catch (err) {
      if (breaking.signal.aborted) await giveBackOne(delivery).catch(() => {});
      // Not given back: where it can't be written down it would be made again and again.
      else logger.warn({ err, deliveryId: delivery.id }, "a try of a webhook is made again later");
    }
  }

  function begin(claimed: DeliveryToTry[]): void {
    const bodies = eventBodies(database, claimed, settings.expectedProvider);
    for (const [place, delivery] of claimed.entries()) {
      const body = bodies.then((all) => all[place] ?? "");
      const made = makeTry(delivery, body).finally(() => underWay.delete(made));
      underWay.add(made);
    }
  }

  async function giveUp(): Promise<{ pauseMs: number }> {
    try {
      const deliveries = await giveUpDeliveries(database, givenUpMax);
      if (deliveries > 0) logger.info({ deliveries }, "gave up webhooks of endpoints that are disabled");
    } catch (err) {
      logger.warn({ err }, "webhooks of disabled endpoints were not given up, and will be");
    }
    return { pauseMs: giveUpPauseMs };
  }

  const pump = startPump({
    ...{ database, logger, begin },
    leaseSeconds: (settings.timeoutMs + leaseMarginMs) / 1_000,
    room: () => concurrency - underWay.size,
  });
  const givingUp = repeat(giveUp);

  return {
    wake: () => pump.wake(),
    /** What is not begun is given back. @param stopping aborts when tries under way are to be broken off, and given back too */
    async stop(stopping) {
      isStopping = true;
      const breakOff = () => {
        breaking.abort();
        void poster.close();
      };
      if (stopping.aborted) breakOff();
      stopping.addEventListener("abort", breakOff, { once: true });
      await Promise.all([pump.stop(), givingUp.stop()]);
      await Promise.all(underWay);
      await poster.close();
    },
  };
}
