import type { Database } from "@understudy/database";
import type { Redis } from "ioredis";
import { Gauge } from "prom-client";
import { Timely } from "../platform/timely.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

export interface Dependencies {
  /** Whose pool is shown. */
  database: Database;
  /** Asks Postgres over a connection of its own: a pool that is all in use must not look as if Postgres were away. */
  probe: Database;
  redis: Redis;
}

const pingMs = 1_000;

/** Whether Postgres and Redis answer this process, and how its connections to Postgres are used. */
export function watchDependencies(metrics: ServiceMetrics, { database, probe, redis }: Dependencies): void {
  const registers = [metrics.registry];
  const up = new Gauge({
    name: "understudy_up",
    help: "Whether the dependency answers this process within a second: 1 or 0.",
    labelNames: ["dependency"],
    aggregator: "min",
    registers,
  });
  const connections = new Gauge({
    name: "understudy_database_connections",
    help: "Connections of this process' pool to Postgres, by state.",
    labelNames: ["state"],
    registers,
  });
  const connectionsMax = new Gauge({
    name: "understudy_database_connections_max",
    help: "Most connections that the pool opens.",
    registers,
  });
  const waiters = new Gauge({
    name: "understudy_database_connection_waiters",
    help: "Statements that wait for a connection of the pool.",
    registers,
  });
  const pings = {
    postgres: new Timely(() => probe.ping(pingMs).then(() => true)),
    redis: new Timely(() => redis.ping().then(() => true)),
  };

  metrics.beforeScrape(async () => {
    const { max, open, idle, waiting } = database.connections();
    connections.set({ state: "idle" }, idle);
    connections.set({ state: "busy" }, open - idle);
    connectionsMax.set(max);
    waiters.set(waiting);
    await Promise.all(
      Object.entries(pings).map(async ([dependency, ping]) => {
        up.set({ dependency }, (await ping.get()) ? 1 : 0);
      }),
    );
  });
}
