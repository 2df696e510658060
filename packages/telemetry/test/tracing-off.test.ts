import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { tracingEnvironment, tracingSettings } from "../src/index.ts";

const environment = z.object(tracingEnvironment);
const settingsOf = (env: Record<string, string>) => tracingSettings(environment.parse(env));

test("traces are off unless an endpoint is named, or where OpenTelemetry's variables say so", () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
  expect(settingsOf({})).toBeUndefined();
  expect(settingsOf({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
  expect(settingsOf({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
  expect(settingsOf(endpoint)).toMatchObject({ sampler: "parentbased_always_on", ratio: 1 });
  expect(settingsOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" })).toBeDefined();
  expect(() => settingsOf({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toThrow(/http\/protobuf/);
});

test("while they are off OpenTelemetry is not loaded", async () => {
  const script = `
    import { createRequire } from "node:module";
    import { startTracing } from "./src/tracing/start-tracing.ts";
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).filter((path) => path.includes("/@opentelemetry/")).length;
    await startTracing(undefined, "api", () => {});
    const off = loaded();
    await startTracing({ sampler: "always_off", ratio: 1 }, "api", () => {});
    console.log(JSON.stringify([off, loaded() > 0]));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { cwd: fileURLToPath(new URL("..", import.meta.url)) },
  );
  expect(JSON.parse(stdout)).toEqual([0, true]);
});
