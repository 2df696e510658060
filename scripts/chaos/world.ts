import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase } from "@understudy/database";
import { findFreePort } from "@understudy/local-services";
import {
  createTestDatabase,
  type Pooler,
  serviceSettings,
  startLink,
  startPgBouncer,
  startPostgresWire,
  startProcessClock,
  startTestEmulator,
  testAdminKey,
  throughLink,
} from "@understudy/testkit";
import { closeAll } from "./close-all.ts";
import { type PostgresUnderTest, startPostgresUnderTest } from "./postgres-under-test.ts";
import { type RedisUnderTest, startRedisUnderTest } from "./redis-under-test.ts";
import { SupervisedProcess } from "./supervised-process.ts";
import { processesOf, type Topology } from "./topologies.ts";

/** Everything that runs, and what can be done to it. */
export interface World {
  topology: Topology;
  postgres: PostgresUnderTest;
  redis: RedisUnderTest;
  /** To the server itself, past the links of processes. */
  database: Database;
  emulatorUrl: string;
  adminKey: string;
  processes: readonly SupervisedProcess[];
  process(name: string): SupervisedProcess;
  /** Addresses of the APIs, whether they run or not. */
  apiUrls: readonly string[];
  /** All links pass, all clocks are right, all processes run. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  topology: Topology;
  /** Whether each process has a clock of its own. */
  hasClocks: boolean;
  /** Where its logs go. */
  directory: string;
  /** What all may spend together; any amount unless given. */
  platformQuotaUsd: string | undefined;
  onViolation: (violation: string) => void;
}

/** Tries of a webhook: many, so that what is down for a while is told after it. */
const webhookSchedule = ["200ms", "500ms", ...Array.from({ length: 46 }, () => "2s")].join(",");

/** Starts a topology, migrated and ready. What was started is closed where a part can't be. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { topology, hasClocks, directory, platformQuotaUsd, onViolation } = options;
  mkdirSync(directory, { recursive: true });
  const closers: (() => Promise<unknown>)[] = [];
  const opened = async <Part>(
    starting: Promise<Part>,
    close: (part: Part) => Promise<unknown>,
  ): Promise<Part> => {
    const part = await starting;
    closers.unshift(() => close(part));
    return part;
  };
  const close = () => closeAll(closers.splice(0));
  try {
    const postgres = await opened(startPostgresUnderTest(topology.postgres), (one) => one.remove());
    const redis = await opened(startRedisUnderTest(topology.redis), (one) => one.remove());
    const emulator = await opened(startTestEmulator(), (one) => one.stop());
    const { url: databaseUrl } = await createTestDatabase(postgres.url);
    const database = openDatabase(databaseUrl, 4);
    closers.unshift(() => database.close());
    const pooler =
      topology.postgres === "pgbouncer"
        ? await opened(startPooler(postgres), (one) => one.stop())
        : undefined;
    const reachedAt = pooler ? pooler.urlOf(databaseUrl) : databaseUrl;
    const emulatorUrl = emulator.url;

    async function prepare(app: "api" | "worker", name: string, own: Record<string, string>) {
      const links = {
        postgres: await startPostgresWire(),
        redis: await startLink(),
        gemini: await startLink(),
      };
      const environment = {
        ...serviceSettings({
          databaseUrl: throughLink(links.postgres, reachedAt),
          redisUrl: throughLink(links.redis, redis.url),
          emulatorUrl: throughLink(links.gemini, emulatorUrl),
        }),
        ...(platformQuotaUsd !== undefined && { PLATFORM_QUOTA_USD: platformQuotaUsd }),
        ...own,
      };
      const logFile = join(directory, `${name}.log`);
      const clock = hasClocks ? await startProcessClock() : undefined;
      const one = new SupervisedProcess({ app, name, environment, links, clock, logFile, onViolation });
      closers.unshift(() => one.close());
      return one;
    }

    const names = processesOf(topology);
    const apiUrls: string[] = [];
    const processes: SupervisedProcess[] = [];
    for (const name of names.apis) {
      const port = await findFreePort(firstApiPort + Math.floor(Math.random() * apiPortsMax));
      apiUrls.push(`http://127.0.0.1:${port}`);
      processes.push(await prepare("api", name, { PORT: String(port) }));
    }
    for (const name of names.workers) {
      processes.push(
        await prepare("worker", name, {
          NODE_OPTIONS: `--import ${new URL("./pause-at-point.mjs", import.meta.url).href}`,
          WORKER_CONCURRENCY: "30",
          WORKER_ATTEMPT_SECONDS: "20",
          WORKER_STOP_SECONDS: "5",
          WEBHOOK_RETRY_SCHEDULE: webhookSchedule,
          WEBHOOK_TIMEOUT: "5s",
        }),
      );
    }
    await readyInTime(processes);

    return {
      topology,
      postgres,
      redis,
      database,
      emulatorUrl,
      adminKey: testAdminKey,
      processes,
      process(name) {
        const found = processes.find((one) => one.name === name);
        if (!found) throw new Error(`This topology has no ${name}.`);
        return found;
      },
      apiUrls,
      async heal() {
        for (const one of processes) {
          for (const link of Object.values(one.links)) {
            link.delay(0);
            link.pass();
          }
          one.setClock(0);
        }
        await Promise.all(processes.map((one) => one.thaw()));
        await Promise.all(processes.map((one) => one.start()));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Long on a busy machine. */
const readyMsMax = 120_000;

/** @throws where one does not become ready, with what it has said */
async function readyInTime(processes: readonly SupervisedProcess[]): Promise<void> {
  const late = sleep(readyMsMax, "late" as const, { ref: false });
  if ((await Promise.race([Promise.all(processes.map((one) => one.start())), late])) !== "late") return;
  const missing = processes.filter((one) => !one.isRunning());
  throw new Error(missing.map(({ name, lastWords }) => `${name} does not start:\n${lastWords}`).join("\n"));
}

/** At random, for runs beside; below outgoing ports, which could take that of an API that is down. */
const firstApiPort = 15_000;
const apiPortsMax = 5_000;

/** PgBouncer, and what the role needs behind it: see docs/operations.md, "Managed services". */
async function startPooler(postgres: PostgresUnderTest): Promise<Pooler> {
  await postgres.setForRole({
    statement_timeout: "12s",
    idle_in_transaction_session_timeout: "10s",
    jit: "off",
    enable_seqscan: "off",
    timezone: "UTC",
  });
  return await startPgBouncer(postgres.url, { pool: 20 });
}
