import type { Context, Tracer as OtelTracer, Span, SpanKind } from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace";
import type { Clock } from "@understudy/database";
import { productVersion } from "../product-version.ts";
import type { Attributes, SpanStart, TracedSpan, Tracer } from "./tracer.ts";
import type { TracingSettings } from "./tracing-settings.ts";

type Api = typeof import("@opentelemetry/api");
type Sdk = typeof import("@opentelemetry/sdk-trace");

/** How long a stopping process waits for a collector that does not answer. */
const closeMsMax = 3_000;

/**
 * Begins to write traces by OTLP over HTTP. OpenTelemetry is loaded here, and only where traces are on.
 * @param clock of all times in them
 * @param warn hears that a collector does not take them; nothing else waits for it
 * @returns undefined where traces are off
 */
export async function startTracing(
  settings: TracingSettings | undefined,
  service: "api" | "worker",
  clock: Clock,
  warn: (message: string) => void,
): Promise<Tracer | undefined> {
  if (!settings) return undefined;
  const [api, sdk, { OTLPTraceExporter }, { detectResources, envDetector, resourceFromAttributes }] =
    await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/exporter-trace-otlp-proto"),
      import("@opentelemetry/resources"),
    ]);
  const ignore = () => {};
  // Errors come as JSON with their stack.
  const tell = (text: string) => warn(/"message":"([^"]*)"/.exec(text)?.[1] ?? text);
  api.diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    api.DiagLogLevel.WARN,
  );
  const resource = resourceFromAttributes({
    "service.name": `understudy-${service}`,
    "service.namespace": "understudy",
    "service.version": productVersion(),
    "process.pid": process.pid,
  })
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(settings.serviceName ? { "service.name": settings.serviceName } : {}));
  const provider = new sdk.TracerProvider({
    resource,
    sampler: samplerOf(sdk, settings),
    // Endpoint, headers and time-outs are those of OTEL_EXPORTER_OTLP_*.
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer("understudy", productVersion());
  const now = () => clock.now().getTime();
  return {
    now,
    begin: (start) => begin(api, tracer, now, start),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeMsMax);
      });
      await Promise.race([provider.shutdown().catch(ignore), late]);
      clearTimeout(timer);
    },
  };
}

function samplerOf(sdk: Sdk, { sampler, ratio }: TracingSettings): Sampler {
  const [, name = sampler] = /^parentbased_(.*)$/.exec(sampler) ?? [];
  const root =
    name === "always_on"
      ? new sdk.AlwaysOnSampler()
      : name === "always_off"
        ? new sdk.AlwaysOffSampler()
        : new sdk.TraceIdRatioBasedSampler(ratio);
  return name === sampler ? root : new sdk.ParentBasedSampler({ root });
}

function begin(api: Api, tracer: OtelTracer, now: () => number, start: SpanStart): TracedSpan {
  const { name, kind, parent, startedAt = now(), attributes = {} } = start;
  const options = { kind: kindOf(api, kind), startTime: startedAt, attributes };
  return new OtelSpan(api, now, tracer.startSpan(name, options, contextOf(api, parent)));
}

function kindOf({ SpanKind }: Api, kind: SpanStart["kind"]): SpanKind {
  switch (kind) {
    case "server":
      return SpanKind.SERVER;
    case "client":
      return SpanKind.CLIENT;
    case "consumer":
      return SpanKind.CONSUMER;
    case "internal":
      return SpanKind.INTERNAL;
  }
}

/** A parent that is none, or whose traceparent is malformed, is the beginning of a trace. */
function contextOf({ ROOT_CONTEXT, trace, isSpanContextValid }: Api, parent: SpanStart["parent"]): Context {
  if (parent instanceof OtelSpan) return trace.setSpan(ROOT_CONTEXT, parent.span);
  const [, traceId, spanId, flags] = traceparentForm.exec(typeof parent === "string" ? parent : "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

/** Source: w3.org/TR/trace-context, traceparent; of later versions the beginning. */
const traceparentForm = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/;

class OtelSpan implements TracedSpan {
  readonly span: Span;
  readonly #api: Api;
  readonly #now: () => number;

  constructor(api: Api, now: () => number, span: Span) {
    this.#api = api;
    this.#now = now;
    this.span = span;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  rename(name: string): void {
    this.span.updateName(name);
  }

  end(errorType?: string, at = this.#now()): void {
    if (errorType !== undefined) {
      this.span.setAttribute("error.type", errorType);
      this.span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    this.span.end(at);
  }
}
