import { agentNames } from "@understudy/agents";
import { alertTypes } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { Dispatcher } from "@understudy/queues";
import { Gauge } from "prom-client";
import type { ServiceMetrics } from "../metrics/service-metrics.ts";
import {
  type PlatformFigures,
  readPlatformFigures,
  readWaitingJobs,
  type WaitingJobs,
} from "./platform-figures.ts";
import { Timely } from "./timely.ts";

/** Where the platform's figures come from. */
export interface PlatformSource {
  /** Of its own: a scrape must not wait for a connection that requests need. */
  database: Database;
  dispatcher: Dispatcher;
  /** What all creators together may spend in a month, in USD. */
  platformQuotaUsd: string | undefined;
}

/**
 * Gauges of what is true of the whole platform, the same in every API process, so that one alone looks. They are looked up when scraped; what
 * can't be had in time is not shown.
 */
export function showPlatform(metrics: ServiceMetrics, source: PlatformSource): void {
  const gauges = platformGauges(metrics.platform);
  const { database, dispatcher, platformQuotaUsd } = source;
  const figures = new Timely(() => readPlatformFigures(database));
  const waiting = new Timely(async () => {
    const known = await figures.get();
    if (!known) throw new Error("Without Postgres it is not known why jobs wait.");
    return readWaitingJobs(database, dispatcher, known);
  });

  metrics.platform.beforeScrape(async () => {
    const known = await figures.get();
    const jobs = known && (await waiting.get());
    // From here on in one go: another scrape must not find them half told.
    forget(gauges);
    if (platformQuotaUsd !== undefined) gauges.quota.set(Number(platformQuotaUsd));
    if (known) showFigures(gauges, known);
    if (jobs) showWaiting(gauges, jobs);
  });
}

type PlatformGauges = ReturnType<typeof platformGauges>;

function platformGauges({ registry }: ServiceMetrics["platform"]) {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `understudy_${name}`, help, labelNames, registers: [registry] });
  return {
    admissible: gauge(
      "backlog_admissible_jobs",
      "Jobs that a worker could start now; what workers are scaled by.",
    ),
    admissibleSeconds: gauge(
      "backlog_admissible_age_seconds",
      "For how long the longest of the admissible jobs could have been started.",
    ),
    waiting: gauge("jobs_waiting", "Queued jobs by why they wait; counted up to 100,000 for each cause.", [
      "cause",
    ]),
    lanes: gauge("lane_jobs", "Jobs in their creators' lanes, by agent.", ["agent"]),
    queues: gauge(
      "queue_jobs",
      "Jobs in the queue of each agent: waiting for a worker, or delayed until another attempt.",
      ["agent", "state"],
    ),
    running: gauge("jobs_running", "Jobs in the hands of a worker."),
    undispatched: gauge("jobs_undispatched", "Accepted jobs that Redis has not taken yet, up to 100,000."),
    openCalls: gauge("calls_open", "Calls that are written down and have not ended."),
    spent: gauge(
      "spent_usd",
      "Spent in this UTC month by all creators. As a number for graphs: amounts owed come from the API.",
    ),
    held: gauge("held_usd", "Held in this UTC month for calls under way."),
    unknown: gauge("unknown_usd", "Upper bound of this UTC month's calls whose answer was lost."),
    quota: gauge("platform_quota_usd", "PLATFORM_QUOTA_USD; absent where it is not set."),
    stopped: gauge("spending_stopped", "1 while an operator has stopped all spending."),
    outbox: gauge("outbox_events", "Events that were not handed to webhooks yet, up to 100,000."),
    outboxSeconds: gauge("outbox_age_seconds", "Age of the oldest event in the outbox."),
    deliveries: gauge(
      "webhook_deliveries_pending",
      "Webhook deliveries that are to be tried or under way, up to 100,000.",
    ),
    endpoints: gauge("webhook_endpoints", "Webhook endpoints by state: enabled, failing, disabled.", [
      "state",
    ]),
    alerts: gauge("alerts", "Alerts of the last 24 hours by type.", ["type"]),
    untoldAlerts: gauge("alerts_untold", "Alerts that not every channel has taken yet."),
  };
}

/** Shows nothing until it is known again. */
function forget(gauges: PlatformGauges): void {
  const { waiting, lanes, queues, endpoints, alerts, ...plain } = gauges;
  for (const labelled of [waiting, lanes, queues, endpoints, alerts]) labelled.reset();
  // Reset, one without labels would show 0, which is a figure.
  for (const gauge of Object.values(plain)) gauge.remove();
}

function showFigures(gauges: PlatformGauges, figures: PlatformFigures): void {
  gauges.running.set(figures.running);
  gauges.undispatched.set(figures.undispatched);
  gauges.openCalls.set(figures.openCalls);
  gauges.spent.set(Number(figures.spentUsd));
  gauges.held.set(Number(figures.heldUsd));
  gauges.unknown.set(Number(figures.unknownUsd));
  gauges.stopped.set(figures.spendingStopped ? 1 : 0);
  gauges.outbox.set(figures.outbox);
  gauges.outboxSeconds.set(figures.outboxSeconds);
  gauges.deliveries.set(figures.deliveries);
  for (const state of ["enabled", "failing", "disabled"]) {
    gauges.endpoints.set({ state }, figures.endpoints[state] ?? 0);
  }
  for (const type of alertTypes) gauges.alerts.set({ type }, figures.alerts[type] ?? 0);
  gauges.untoldAlerts.set(figures.untoldAlerts);
}

function showWaiting(gauges: PlatformGauges, jobs: WaitingJobs): void {
  gauges.admissible.set(jobs.admissible);
  gauges.admissibleSeconds.set(jobs.admissibleSeconds);
  for (const [cause, count] of Object.entries(jobs.byCause)) gauges.waiting.set({ cause }, count);
  for (const agent of agentNames) {
    gauges.lanes.set({ agent }, jobs.inLanes.get(agent) ?? 0);
    const { waiting = 0, delayed = 0 } = jobs.inQueues.get(agent) ?? {};
    gauges.queues.set({ agent, state: "waiting" }, waiting);
    gauges.queues.set({ agent, state: "delayed" }, delayed);
  }
}
