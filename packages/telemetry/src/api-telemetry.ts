import { type ApiMetrics, apiMetrics } from "./metrics/api-metrics.ts";
import type { ServiceMetrics } from "./metrics/service-metrics.ts";
import type { Tracer } from "./tracing/tracer.ts";

/** A request as it comes in. */
export interface IncomingRequest {
  method: string;
  /** Beside what probes and scrapers ask for again and again. */
  isTraced: boolean;
  /** W3C trace context of the client's own trace. */
  traceparent: string | undefined;
}

export interface RequestTelemetry {
  /** What a job that this request brings carries along; undefined where it is not traced. */
  traceparent: string | undefined;
  /** @param route its pattern, such as `/api/ai/jobs/:id`; undefined where none has matched */
  end(route: string | undefined, status: number, requestId: string): void;
}

/** What the API tells operators of its requests. */
export class ApiTelemetry {
  readonly metrics: ApiMetrics;
  readonly #tracer: Tracer | undefined;

  constructor(metrics: ServiceMetrics, tracer: Tracer | undefined) {
    this.metrics = apiMetrics(metrics);
    this.#tracer = tracer;
  }

  /** A job was accepted. */
  accepted(agent: string): void {
    this.metrics.accepted.inc({ agent });
  }

  /** Somebody tried to sign in. @param outcome ok, or a problem's code */
  signIn(outcome: string): void {
    this.metrics.signIns.inc({ outcome });
  }

  /** A request was answered with 401 or 403. @param key that was shown and is known, else who it was */
  refused(key: string, code: string): void {
    this.metrics.refused.inc({ key, code });
  }

  /** A request has come. */
  request({ method, isTraced, traceparent: parent }: IncomingRequest): RequestTelemetry {
    const { metrics } = this;
    const startedAt = performance.now();
    metrics.inFlight.inc();
    const span = isTraced
      ? this.#tracer?.begin({
          name: method,
          kind: "server",
          parent,
          attributes: { "http.request.method": method },
        })
      : undefined;
    return {
      traceparent: span?.traceparent,
      end(route = "none", status, requestId) {
        metrics.inFlight.dec();
        metrics.requests.observe(
          { method: knownMethods.has(method) ? method : "other", route, status: String(status) },
          (performance.now() - startedAt) / 1000,
        );
        span?.rename(`${method} ${route}`);
        span?.set({
          "http.route": route,
          "http.response.status_code": status,
          "understudy.request.id": requestId,
        });
        span?.end(status >= 500 ? String(status) : undefined);
      },
    };
  }
}

/** Of labels: whatever else a client writes is `other`. */
const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
