export { ApiTelemetry, type RequestTelemetry } from "./api-telemetry.ts";
export { watchClock } from "./metrics/clock-skew.ts";
export { watchDependencies } from "./metrics/dependency-gauges.ts";
export { ServiceMetrics } from "./metrics/service-metrics.ts";
export { showPlatform } from "./platform/platform-gauges.ts";
export { type MetricsServer, mayScrape, scrapeAdvice, serveMetrics } from "./serve-metrics.ts";
export { startTracing } from "./tracing/start-tracing.ts";
export { tracingEnvironment, tracingSettings } from "./tracing/tracing-settings.ts";
export { type AgentTelemetry, type AttemptTelemetry, WorkerTelemetry } from "./worker-telemetry.ts";
