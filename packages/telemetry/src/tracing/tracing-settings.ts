import { z } from "zod";

const address = z.url({ protocol: /^https?$/ }).optional();
const protocol = z
  .literal("http/protobuf", "only http/protobuf is spoken, which every collector takes")
  .optional();
const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/**
 * OpenTelemetry's own variables, as far as we judge them; headers, time-outs and attributes of the resource are read by
 * its libraries. Source: opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables.
 */
export const tracingEnvironment = {
  OTEL_SDK_DISABLED: z.stringbool().default(false),
  OTEL_TRACES_EXPORTER: z.enum(["otlp", "none"]).default("otlp"),
  OTEL_EXPORTER_OTLP_ENDPOINT: address,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_TRACES_SAMPLER: z.enum(samplers).default("parentbased_always_on"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
};

const schema = z.object(tracingEnvironment);

export interface TracingSettings {
  /** Both processes' own name unless given. */
  serviceName: string | undefined;
  sampler: (typeof samplers)[number];
  /** Share of traces, for samplers by ratio. */
  ratio: number;
}

/** @returns undefined where traces are off, as they are unless an endpoint is named */
export function tracingSettings(env: z.infer<typeof schema>): TracingSettings | undefined {
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined || env.OTEL_SDK_DISABLED || env.OTEL_TRACES_EXPORTER === "none")
    return undefined;
  return {
    serviceName: env.OTEL_SERVICE_NAME,
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: env.OTEL_TRACES_SAMPLER_ARG,
  };
}
