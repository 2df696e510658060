import type { Clock } from "@understudy/database";
import { Gauge } from "prom-client";
import type { ServiceMetrics } from "./service-metrics.ts";

/** Less is usual where no two clocks are the same. */
const skewSecondsMax = 5;

/** It is looked at, and nobody is asked for it. */
const lookMs = 10_000;

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Shows how far this process' own wall clock is ahead of Postgres', and logs it where that is much: when it
 * begins, when it becomes another, and when it is over.
 */
export function watchClock(metrics: ServiceMetrics, clock: Clock, logger: Log): { stop(): void } {
  const skew = new Gauge({
    name: "understudy_clock_skew_seconds",
    help: "How far this process' own wall clock is ahead of Postgres', by which all times are told; behind where negative.",
    aggregator: "average",
    registers: [metrics.registry],
  });
  metrics.beforeScrape(async () => {
    const ms = clock.skewMs();
    if (ms !== undefined) skew.set(ms / 1000);
  });

  let toldSeconds = 0;
  function look(): void {
    const skewSeconds = Math.round(clock.skewMs() ?? 0) / 1000;
    const isRight = Math.abs(skewSeconds) <= skewSecondsMax;
    if (isRight ? toldSeconds === 0 : Math.abs(skewSeconds - toldSeconds) <= skewSecondsMax) return;
    toldSeconds = isRight ? 0 : skewSeconds;
    if (isRight) logger.info({ skewSeconds }, "this machine's clock is right again");
    else
      logger.warn(
        { skewSeconds },
        "this machine's clock is not Postgres', by which times are told: synchronise it",
      );
  }
  look();
  const timer = setInterval(look, lookMs).unref();
  return { stop: () => clearInterval(timer) };
}
