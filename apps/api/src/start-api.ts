import { once, setMaxListeners } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expectedCalls } from "@understudy/agents";
import { isDatabaseAway, openDatabase, requireUtc } from "@understudy/database";
import { PriceBook } from "@understudy/ledger";
import { ModelRegistry, requireModels } from "@understudy/models";
import {
  connectRedis,
  Dispatcher,
  JobEndings,
  JobNews,
  JobStreams,
  openChargesQueue,
} from "@understudy/queues";
import {
  type Logger,
  type ParentProcess,
  type RunningService,
  SecretBox,
  ServerConnections,
} from "@understudy/service";
import {
  ApiTelemetry,
  ServiceMetrics,
  showPlatform,
  startTracing,
  watchClock,
  watchDependencies,
} from "@understudy/telemetry";
import { Refusals } from "./audit/refusals.ts";
import type { ApiConfig } from "./config.ts";
import { createApp } from "./create-app.ts";
import { createDispatch } from "./dispatch.ts";
import { JobWatch } from "./events/job-watch.ts";
import { createExpressServer } from "./http/fast-server.ts";
import { createJobControl } from "./job-control.ts";
import { createJobReader } from "./job-reader.ts";
import { createJobService } from "./jobs.ts";
import { Callers } from "./keys/callers.ts";
import { KeyRate } from "./keys/key-rate.ts";
import { LastUses } from "./keys/last-uses.ts";
import { JobTokens } from "./session/job-tokens.ts";
import { Sessions } from "./session/sessions.ts";

const databaseConnectionsMax = 10;

/** How long requests under way may take when the API stops. */
const graceMs = 10_000;

/**
 * How long each of the two steps after that may take. While Postgres is silent it is lost when keys were last
 * used (of 5 s) and how many requests were refused (of a minute); the reconciler finds what Redis missed.
 */
const closeMs = 1_500;

/**
 * Starts the producer: it accepts jobs as long as Postgres is there, with Redis or without.
 * @param parent where this process is one of several
 */
export async function startApi(
  config: ApiConfig,
  logger: Logger,
  parent?: ParentProcess,
): Promise<RunningService> {
  const database = openDatabase(config.databaseUrl, databaseConnectionsMax);
  // Where Postgres is away it is asked again by whoever is to become ready.
  const prices = new PriceBook(database);
  const registry = new ModelRegistry(database, prices, { preferred: config.preferredModel });
  for (const check of [() => requireUtc(database), () => requireModels(registry)])
    await check().catch((error: unknown) => {
      if (!isDatabaseAway(error)) throw error;
    });
  const redis = connectRedis(config.redisUrl, "producer", logger);
  const dispatcher = new Dispatcher(redis, expectedCalls);
  const charges = openChargesQueue(redis);
  // Notes when this Redis began: buckets of creators that are older than it are empty, those of newer ones full.
  redis.on("ready", () => void dispatcher.move({}).catch(() => {}));
  const endings = new JobEndings(connectRedis(config.redisUrl, "consumer", logger));
  const news = new JobNews(connectRedis(config.redisUrl, "consumer", logger), redis);
  const watch = new JobWatch(database);
  const stopping = new AbortController();
  // Every reader of events listens.
  setMaxListeners(0, stopping.signal);
  const keyChanges = connectRedis(config.redisUrl, "consumer", logger);
  const lastUses = new LastUses(database, logger);
  const callers = new Callers({ ...config, database, redis, changes: keyChanges, lastUses });
  const rate = new KeyRate(redis, config.keyRate);
  const metrics = new ServiceMetrics("api", parent);
  const tracer = await startTracing(config.tracing, "api", database.clock, (reason) =>
    logger.warn({ reason }, "traces are not taken"),
  );
  const telemetry = new ApiTelemetry(metrics, tracer);
  const refusals = new Refusals(database, telemetry, logger);
  const probe = openDatabase(config.databaseUrl, 1);
  watchDependencies(metrics, { database, probe, redis });
  const clockWatch = watchClock(metrics, database.clock, logger);
  showPlatform(metrics, { database: probe, dispatcher, platformQuotaUsd: config.platformQuotaUsd });
  const { expectedProvider } = config;
  if (
    expectedProvider === "gemini" &&
    config.createUnknownCreators &&
    config.platformQuotaUsd === undefined
  ) {
    logger.warn(
      "a key that leaks can spend without end: set PLATFORM_QUOTA_USD, or CREATE_UNKNOWN_CREATORS=0",
    );
  }
  const reader = createJobReader({ database, dispatcher, expectedProvider });
  const dispatch = createDispatch(database, dispatcher, logger);
  const jobs = createJobService({
    database,
    registry,
    reader,
    dispatch,
    endings,
    telemetry,
    logger,
    createUnknownCreators: config.createUnknownCreators,
    platformQuotaUsd: config.platformQuotaUsd,
    laneMax: config.laneMax,
  });
  const app = createApp({
    ...config,
    database,
    redis,
    dispatcher,
    charges,
    secrets: new SecretBox(config.secretsKeys),
    callers,
    rate,
    sessions: new Sessions(database, callers, config.adminKey),
    jobTokens: new JobTokens(callers, database.clock, config.adminKey, config.secretsKeys),
    registry,
    jobs,
    jobControl: createJobControl({
      ...{ database, redis, dispatcher, dispatch, find: reader.find, laneMax: config.laneMax, logger },
    }),
    jobEvents: {
      jobs,
      streams: new JobStreams(redis),
      news,
      endings,
      watch,
      stopping: stopping.signal,
    },
    metrics,
    telemetry,
    refusals,
    stopping: stopping.signal,
    parent,
    logger,
  });

  const server = createExpressServer(app);
  const connections = new ServerConnections(server);
  server.listen(config.port, config.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    details: { port, url: `http://${config.host}:${port}` },
    async stop() {
      stopping.abort();
      connections.drain();
      await sleep(config.drainSeconds * 1_000);
      await connections.close(graceMs);
      watch.close();
      news.close();
      endings.close();
      keyChanges.disconnect();
      rate.close();
      clockWatch.stop();
      await withinMs(closeMs, [lastUses, refusals, dispatcher, charges, ...(tracer ? [tracer] : [])]);
      redis.disconnect();
      await withinMs(closeMs, [probe, database]);
    },
  };
}

/** Closes what can be closed by then. What Postgres or Redis, silent, keeps open ends with the process. */
async function withinMs(ms: number, open: readonly { close(): Promise<void> }[]): Promise<void> {
  const late = new AbortController();
  const closed = Promise.all(open.map((each) => each.close()));
  await Promise.race([closed, sleep(ms, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
}
