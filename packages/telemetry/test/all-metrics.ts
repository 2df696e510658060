import {
  ApiTelemetry,
  ServiceMetrics,
  showPlatform,
  WorkerTelemetry,
  watchClock,
  watchDependencies,
} from "../src/index.ts";

export interface DescribedMetric {
  name: string;
  help: string;
  type: string;
  labels: string[];
  /** Which processes show it. */
  where: ("api" | "worker")[];
}

/** All metrics that the API and a worker register. Nothing is looked up before a scrape, so they need no services. */
export function allMetrics(): DescribedMetric[] {
  const clock = { now: () => new Date(), skewMs: () => undefined };
  const api = new ServiceMetrics("api");
  new ApiTelemetry(api, undefined);
  watchDependencies(api, {} as never);
  watchClock(api, clock, {} as never).stop();
  showPlatform(api, { platformQuotaUsd: undefined } as never);
  const worker = new ServiceMetrics("worker");
  new WorkerTelemetry(worker, undefined);
  watchDependencies(worker, {} as never);
  watchClock(worker, clock, {} as never).stop();

  const byName = new Map<string, DescribedMetric>();
  for (const [where, { registry, platform }] of Object.entries({ api, worker })) {
    for (const metric of [registry, platform.registry].flatMap((each) => each.getMetricsAsArray())) {
      const { name, help, type, labelNames } = metric as unknown as DescribedMetric & {
        labelNames: string[];
      };
      const known = byName.get(name) ?? { name, help, type, labels: [...labelNames], where: [] };
      known.where.push(where as "api" | "worker");
      byName.set(name, known);
    }
  }
  return [...byName.values()];
}

/** Names of all series that those metrics have in Prometheus. */
export function seriesNames(): Set<string> {
  return new Set(
    allMetrics().flatMap(({ name, type }) =>
      type === "histogram" || type === "summary"
        ? [`${name}_bucket`, `${name}_sum`, `${name}_count`]
        : [name],
    ),
  );
}
