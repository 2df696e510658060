import type { CallObserver } from "@understudy/gemini";
import type { ClaimedJob } from "@understudy/jobs";
import type { DeliveryToTry, TryRecord } from "@understudy/webhooks";
import { CallTelemetry } from "./call-telemetry.ts";
import { reached } from "./job-points.ts";
import type { ServiceMetrics } from "./metrics/service-metrics.ts";
import { type WorkerMetrics, workerMetrics } from "./metrics/worker-metrics.ts";
import type { TracedSpan, Tracer } from "./tracing/tracer.ts";

/** Who works in an attempt: the job's own agent, or one that it has delegated to. */
export interface AgentTelemetry {
  /** Hears of its calls. */
  calls: CallObserver;
  /** Another agent works for it. @returns to be ended */
  delegated(agentId: string): AgentTelemetry & { end(errorType?: string): void };
}

export interface AttemptTelemetry extends AgentTelemetry {
  /** @param code of the error, where the job ended with one */
  end(kind: string, code?: string): void;
}

type StartedJob = Pick<
  ClaimedJob,
  "id" | "agent" | "creatorId" | "attempt" | "isFirstStart" | "ageSeconds" | "traceparent"
>;

export interface TryTelemetry {
  /** Of the request, so that the receiver's trace goes on from ours. */
  headers: Record<string, string>;
  end(record: TryRecord): void;
}

/** What a worker tells operators of its work. Costs a few microseconds a job; traces are written where there is a tracer. */
export class WorkerTelemetry {
  readonly metrics: WorkerMetrics;
  readonly #tracer: Tracer | undefined;

  constructor(metrics: ServiceMetrics, tracer: Tracer | undefined) {
    this.metrics = workerMetrics(metrics);
    this.#tracer = tracer;
  }

  /** Shows how much of the worker is in use. */
  showRoom(service: ServiceMetrics, room: { concurrency: number; inProgress: () => number }): void {
    this.metrics.concurrency.set(room.concurrency);
    service.beforeScrape(async () => this.metrics.inProgress.set(room.inProgress()));
  }

  /** A queue has handed a delivery to this worker. */
  picked(agent: string): void {
    this.metrics.picks.inc({ agent });
    reached("picked");
  }

  /** BullMQ knows that a delivery has ended. */
  acknowledged(): void {
    reached("acknowledged");
  }

  /** An attempt begins. */
  attempt(job: StartedJob): AttemptTelemetry {
    const { agent } = job;
    const { metrics } = this;
    const startedAt = performance.now();
    metrics.starts.inc({ agent });
    if (job.isFirstStart) metrics.wait.observe({ agent }, job.ageSeconds);
    const span = this.#tracer && attemptSpan(this.#tracer, job);
    reached("claimed");
    return {
      ...this.#agentTelemetry(span),
      end(kind, code) {
        const seconds = (performance.now() - startedAt) / 1000;
        metrics.attemptDuration.observe({ agent, end: kind }, seconds);
        if (kind === "completed" || kind === "failed" || kind === "blocked") {
          metrics.jobDuration.observe({ agent, end: kind }, job.ageSeconds + seconds);
          if (code !== undefined) metrics.failures.inc({ agent, code });
        }
        span?.set({ "understudy.attempt.end": kind });
        span?.end(code);
        reached("finished");
      },
    };
  }

  #agentTelemetry(span: TracedSpan | undefined): AgentTelemetry {
    return {
      calls: new CallTelemetry(this.metrics, this.#tracer, span),
      delegated: (agentId) => {
        const delegate = this.#tracer?.begin({
          name: `invoke_agent ${agentId}`,
          kind: "internal",
          parent: span,
          attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agentId },
        });
        return { ...this.#agentTelemetry(delegate ?? span), end: (errorType) => delegate?.end(errorType) };
      },
    };
  }

  /** A try of a delivery begins. */
  delivery(
    delivery: Pick<DeliveryToTry, "type" | "url" | "eventId" | "tries" | "traceparent">,
  ): TryTelemetry {
    const span = this.#tracer?.begin({
      name: `POST ${delivery.type}`,
      kind: "client",
      parent: delivery.traceparent,
      attributes: {
        "http.request.method": "POST",
        "server.address": URL.canParse(delivery.url) ? new URL(delivery.url).hostname : undefined,
        "http.request.resend_count": delivery.tries,
        "understudy.webhook.event": delivery.type,
        "understudy.webhook.id": delivery.eventId,
      },
    });
    return {
      headers: span ? { traceparent: span.traceparent } : {},
      end: ({ outcome, ms, httpStatus, error }) => {
        this.metrics.tries.inc({ outcome });
        this.metrics.tryDuration.observe(ms / 1000);
        span?.set({ "http.response.status_code": httpStatus });
        span?.end(outcome === "delivered" ? undefined : (error ?? String(httpStatus ?? "_OTHER")));
      },
    };
  }
}

/** The attempt's span, after that of its wait where it is the first. */
function attemptSpan(tracer: Tracer, job: StartedJob): TracedSpan {
  const { id, agent, creatorId, attempt, traceparent: parent } = job;
  const now = tracer.now();
  const attributes = { "understudy.job.id": id, "understudy.creator.id": creatorId };
  if (job.isFirstStart) {
    const startedAt = now - job.ageSeconds * 1000;
    tracer
      .begin({ name: `wait ${agent}`, kind: "internal", parent, startedAt, attributes })
      .end(undefined, now);
  }
  return tracer.begin({
    name: `process ${agent}`,
    kind: "consumer",
    parent,
    startedAt: now,
    attributes: {
      ...attributes,
      "understudy.attempt": attempt,
      "messaging.system": "bullmq",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": agent,
      "messaging.message.id": id,
    },
  });
}
