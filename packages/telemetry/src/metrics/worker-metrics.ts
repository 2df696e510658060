import { agentNames } from "@understudy/agents";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ServiceMetrics } from "./service-metrics.ts";

/** Seconds. From a queue's few milliseconds to the hours of a full bucket. */
const waitBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 14_400];
const jobBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];
const callBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];
const tryBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** How a job ended for good, in a worker. */
const jobEnds = ["completed", "failed", "blocked"] as const;
const tryOutcomes = ["delivered", "pending", "failed"] as const;

/** What workers count. Every label has few values, known beforehand or from the price list: no ids, no text. */
export function workerMetrics({ registry }: ServiceMetrics) {
  const registers = [registry];
  const metrics = {
    ...jobMetrics(registers),
    ...callMetrics(registers),
    ...webhookMetrics(registers),
    sweepFailures: new Counter({
      name: "understudy_sweep_failures_total",
      help: "Steps of the reconciler that failed; each is tried again a second later.",
      labelNames: ["sweep"],
      registers,
    }),
  };
  startAtZero(metrics);
  return metrics;
}

function jobMetrics(registers: Registry[]) {
  return {
    picks: new Counter({
      name: "understudy_job_picks_total",
      help: "Deliveries of jobs that queues handed to this worker. For each start there should be one.",
      labelNames: ["agent"],
      registers,
    }),
    starts: new Counter({
      name: "understudy_job_starts_total",
      help: "Attempts that began.",
      labelNames: ["agent"],
      registers,
    }),
    wait: new Histogram({
      name: "understudy_job_wait_seconds",
      help: "From when a job was accepted, or might start (notBefore), until its first attempt.",
      labelNames: ["agent"],
      buckets: waitBuckets,
      registers,
    }),
    jobDuration: new Histogram({
      name: "understudy_job_duration_seconds",
      help: "From when a job was accepted, or might start (notBefore), until its end, waiting included.",
      labelNames: ["agent", "end"],
      buckets: jobBuckets,
      registers,
    }),
    attemptDuration: new Histogram({
      name: "understudy_attempt_duration_seconds",
      help: "One attempt of a job, by how it ended: for good, or until another attempt.",
      labelNames: ["agent", "end"],
      buckets: jobBuckets,
      registers,
    }),
    failures: new Counter({
      name: "understudy_job_failures_total",
      help: "Jobs that ended as failed or blocked, by the code of their error.",
      labelNames: ["agent", "code"],
      registers,
    }),
    inProgress: new Gauge({
      name: "understudy_worker_jobs_in_progress",
      help: "Jobs that this worker runs now.",
      registers,
    }),
    concurrency: new Gauge({
      name: "understudy_worker_concurrency",
      help: "Jobs that this worker may run at once (WORKER_CONCURRENCY).",
      registers,
    }),
  };
}

function callMetrics(registers: Registry[]) {
  return {
    notMade: new Counter({
      name: "understudy_calls_not_made_total",
      help: "Calls that agents asked for and that were not made, by why: the model is held back, or there is no room.",
      labelNames: ["model", "why"],
      registers,
    }),
    callDuration: new Histogram({
      name: "understudy_call_duration_seconds",
      help: "One HTTP request to the model's API, by how it ended: answered, blocked, refused or lost.",
      labelNames: ["model", "outcome"],
      buckets: callBuckets,
      registers,
    }),
    refusals: new Counter({
      name: "understudy_call_refusals_total",
      help: "Calls that the model's API refused, by HTTP status; unreachable, or aborted before they were sent.",
      labelNames: ["model", "code"],
      registers,
    }),
    tokens: new Counter({
      name: "understudy_tokens_total",
      help: "Tokens of settled calls by kind. As in the API input contains cached, and output does not contain thoughts.",
      labelNames: ["model", "kind"],
      registers,
    }),
    cost: new Counter({
      name: "understudy_cost_usd_total",
      help: "Cost of settled calls by model and by the agent that made them. A number for graphs; the exact amounts come from the API.",
      labelNames: ["model", "agent"],
      registers,
    }),
    lostAnswers: new Counter({
      name: "understudy_calls_given_up_total",
      help: "Calls whose answer was lost and whose deadline has passed: nobody knows what they cost.",
      registers,
    }),
  };
}

function webhookMetrics(registers: Registry[]) {
  return {
    tries: new Counter({
      name: "understudy_webhook_tries_total",
      help: "Tries of webhook deliveries: delivered, pending (tried again later) or failed (given up).",
      labelNames: ["outcome"],
      registers,
    }),
    tryDuration: new Histogram({
      name: "understudy_webhook_try_duration_seconds",
      help: "One try of a webhook delivery.",
      buckets: tryBuckets,
      registers,
    }),
    endpointsDisabled: new Counter({
      name: "understudy_webhook_endpoints_disabled_total",
      help: "Webhook endpoints that were disabled: gone, or failing for too long.",
      registers,
    }),
  };
}

export type WorkerMetrics = ReturnType<typeof workerMetrics>;

/** What is missing until it first happens looks to rate() as if it had never happened before. */
function startAtZero(metrics: {
  picks: Counter<"agent">;
  starts: Counter<"agent">;
  jobDuration: Histogram<"agent" | "end">;
  tries: Counter<"outcome">;
}): void {
  for (const agent of agentNames) {
    metrics.picks.inc({ agent }, 0);
    metrics.starts.inc({ agent }, 0);
    for (const end of jobEnds) metrics.jobDuration.zero({ agent, end });
  }
  for (const outcome of tryOutcomes) metrics.tries.inc({ outcome }, 0);
}
