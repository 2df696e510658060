import type { LookupFunction } from "node:net";
import type { Provider } from "@understudy/contracts";
import { type Database, groupCommit, untilDatabaseAnswers } from "@understudy/database";
import { openWebhooksQueue, type TryPayload, tryPayload, webhooksQueue } from "@understudy/queues";
import { type Logger, SecretBox, type secretsKeys } from "@understudy/service";
import type { WorkerTelemetry } from "@understudy/telemetry";
import { deliveriesToTry, type ReleasedDelivery, recordTries, type TryRecord } from "@understudy/webhooks";
import { UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { z } from "zod";
import { eventBodies } from "./event-bodies.ts";
import { openPoster } from "./post-event.ts";
import { startPump } from "./pump.ts";
import { createSigner } from "./sign-event.ts";
import { startWebhooksSweep } from "./sweep-webhooks.ts";
import { type LoadedDelivery, type TryDependencies, tryDelivery } from "./try-delivery.ts";

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
  /** Closed by their owner. */
  producer: Redis;
  consumer: Redis;
  telemetry: WorkerTelemetry;
  logger: Logger;
}

/** Tries at once in this process. They wait for others most of the time, and an endpoint has a bound of its own. */
const concurrency = 1_000;

const groupMax = 200;

/** As of agents' jobs: what a worker killed by -9 had in hand is tried again within the two together. */
const lockMs = 10_000;
const stalledCheckMs = 5_000;

/** Postgres decides what is still to be made. */
const stalledCountMax = 1_000_000;

/** The way of an event to its endpoints: outbox, delivery, queue, try. */
export function startWebhooks(
  { database, producer, consumer, telemetry, logger }: WebhooksDependencies,
  settings: WebhookSettings,
): { wake(): void; stop(stopping: AbortSignal): Promise<void> } {
  const queue = openWebhooksQueue(producer);
  const pump = startPump({ database, queue, logger });
  const sweep = startWebhooksSweep({ database, redis: producer, logger });
  const poster = openPoster(settings);
  const breaking = new AbortController();

  async function load(released: ReleasedDelivery[]): Promise<(LoadedDelivery | undefined)[]> {
    const found = await deliveriesToTry(database, released);
    const deliveries = found.filter((delivery) => delivery !== undefined);
    const bodies = await eventBodies(database, deliveries, settings.expectedProvider);
    const loaded = new Map(
      deliveries.map((delivery, at) => [delivery.id, { ...delivery, body: bodies[at] ?? "" }]),
    );
    return released.map(({ id }) => loaded.get(id));
  }

  async function record(tries: TryRecord[]): Promise<TryRecord[]> {
    for (const { endpointId, disabledReason } of await recordTries(database, tries)) {
      telemetry.metrics.endpointsDisabled.inc();
      logger.warn({ endpointId, disabledReason }, "a webhook endpoint was disabled");
    }
    // Their endpoints have room again.
    pump.wake();
    return tries;
  }

  const loadOne = groupCommit(groupMax, ({ id }: ReleasedDelivery) => id, load);
  const recordOne = groupCommit(groupMax, ({ id }: TryRecord) => id, record);
  const dependencies: TryDependencies = {
    load: (released) => untilDatabaseAnswers(() => loadOne(released)),
    record: (tried) => untilDatabaseAnswers(() => recordOne(tried)),
    sign: createSigner(new SecretBox(settings.secretsKeys)),
    poster,
    telemetry,
    clock: database.clock,
    schedule: settings.schedule,
    disableAfterSeconds: settings.disableAfterMs / 1_000,
    stopping: breaking.signal,
  };

  const worker = new Worker<TryPayload>(
    webhooksQueue.name,
    async ({ data }) => {
      const payload = tryPayload.safeParse(data);
      if (!payload.success) throw new UnrecoverableError("The payload is not one of ours.");
      const { deliveryId: id, generation, tries } = payload.data;
      const next = await tryDelivery(dependencies, { id, generation, tries });
      if (next) pump.wake(next.getTime() - database.clock.now().getTime());
    },
    {
      connection: consumer,
      prefix: webhooksQueue.prefix,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      maxStalledCount: stalledCountMax,
      skipVersionCheck: true,
    },
  );
  worker.on("error", (err) =>
    logger.warn({ err, queue: webhooksQueue.name }, "the queue's connection has a fault"),
  );

  return {
    wake: () => pump.wake(),
    /** @param stopping aborts when tries under way are to be broken off */
    async stop(stopping) {
      const breakOff = () => {
        breaking.abort();
        void poster.close();
      };
      if (stopping.aborted) breakOff();
      stopping.addEventListener("abort", breakOff, { once: true });
      await Promise.all([pump.stop(), sweep.stop()]);
      await worker.close();
      await poster.close();
      await queue.close();
    },
  };
}
