import { agentNames } from "@understudy/agents";
import { Counter, Gauge, Histogram } from "prom-client";
import type { ServiceMetrics } from "./service-metrics.ts";

/** Seconds. Requests that wait for a job take up to a minute. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60];

/** There from the start, so that their first is seen as an increase. */
const signInOutcomes = ["ok", "invalid_api_key", "forbidden_scope", "too_many_sign_ins"];

/** What the API counts. Routes are patterns, never paths. */
export function apiMetrics({ registry }: ServiceMetrics) {
  const registers = [registry];
  const metrics = {
    requests: new Histogram({
      name: "understudy_http_request_duration_seconds",
      help: "Requests by method, route and status; streams and waits last as long as their readers want.",
      labelNames: ["method", "route", "status"],
      buckets: requestBuckets,
      registers,
    }),
    inFlight: new Gauge({
      name: "understudy_http_requests_in_flight",
      help: "Requests that are being answered, event streams included.",
      registers,
    }),
    accepted: new Counter({
      name: "understudy_jobs_accepted_total",
      help: "Jobs that were answered with 202.",
      labelNames: ["agent"],
      registers,
    }),
    signIns: new Counter({
      name: "understudy_sign_ins_total",
      help: "Tries to sign in, by what came of them: ok, or the code of a problem.",
      labelNames: ["outcome"],
      registers,
    }),
    refused: new Counter({
      name: "understudy_refused_requests_total",
      help: "Requests that were answered with 401 or 403, by the key that was shown (nobody: none that is known) and the code.",
      labelNames: ["key", "code"],
      registers,
    }),
  };
  for (const outcome of signInOutcomes) metrics.signIns.inc({ outcome }, 0);
  for (const agent of agentNames) metrics.accepted.inc({ agent }, 0);
  return metrics;
}

export type ApiMetrics = ReturnType<typeof apiMetrics>;
