import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Job } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "./otlp-receiver.ts";

const kinds = { internal: 1, server: 2, client: 3, consumer: 5 };

/** The trace and the span of the app that asks. */
const traceId = "0af7651916cd43dd8448eb211c80319c";
const appSpanId = "b7ad6b7169203331";
const message = "Tell me of the lighthouse";

let collector: OtlpReceiver;
let stack: Stack;
let job: Job;
let webhook: IncomingHttpHeaders;

/** One chat, all told: a client's traced request, the job, its webhook; then everything stops, and has sent its spans. */
beforeAll(async () => {
  collector = await startOtlpReceiver();
  stack = await startStack({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
  const received: IncomingHttpHeaders[] = [];
  const receiver = createServer((request, response) => {
    received.push(request.headers);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  await stack.request("POST", "/api/ai/webhooks", {
    url: `http://127.0.0.1:${port}/hook`,
    events: ["job.completed"],
  });
  const body = { creatorId: "psy", fanId: "fan_1", message };
  const traceparent = `00-${traceId}-${appSpanId}-01`;
  const answer = await stack.request("POST", "/api/ai/chat", body, { traceparent, prefer: "wait=60" });
  job = (await answer.json()) as Job;
  webhook = await eventually(() => {
    const [headers] = received;
    if (!headers) throw new Error("no webhook yet");
    return headers;
  });
  receiver.close();
  await Promise.all([stack.api.stop(), ...stack.workers.map((worker) => worker.stop())]);
});

afterAll(async () => {
  await stack?.stop();
  await collector?.stop();
});

function named(name: string | RegExp): ReceivedSpan[] {
  return collector.spans.filter((span) =>
    typeof name === "string" ? span.name === name : name.test(span.name),
  );
}

function one(name: string): ReceivedSpan {
  const [span, ...others] = named(name);
  expect([name, span === undefined, others.length]).toEqual([name, false, 0]);
  return span as ReceivedSpan;
}

test("one trace leads from the app's request through queue and worker to each call and the webhook", () => {
  expect(job.status).toBe("completed");
  const request = one("POST /api/ai/chat");
  expect(request).toMatchObject({ service: "understudy-api", kind: kinds.server, parentSpanId: appSpanId });
  expect(request.attributes).toMatchObject({
    "http.request.method": "POST",
    "http.route": "/api/ai/chat",
    "http.response.status_code": 200,
  });
  const wait = one("wait chat");
  expect(wait).toMatchObject({ service: "understudy-worker", parentSpanId: request.spanId });
  const attempt = one("process chat");
  expect(attempt).toMatchObject({ kind: kinds.consumer, parentSpanId: request.spanId, hasFailed: false });
  expect(attempt.attributes).toMatchObject({
    "messaging.system": "bullmq",
    "messaging.destination.name": "chat",
    "understudy.job.id": job.id,
    "understudy.attempt.end": "completed",
  });
  const delegates = named(/^invoke_agent /);
  expect(delegates.map(({ name }) => name).sort()).toContain("invoke_agent messaging_ai");
  for (const delegate of delegates) expect(delegate.parentSpanId).toBe(attempt.spanId);

  const delivery = one("POST job.completed");
  expect(delivery).toMatchObject({ kind: kinds.client, parentSpanId: request.spanId, hasFailed: false });
  const ofJob = [request, wait, attempt, ...delegates, ...named(/^generate_content /), delivery];
  expect(ofJob.map((span) => span.traceId)).toEqual(ofJob.map(() => traceId));
  // The receiver's own spans go on from the delivery's.
  expect(webhook.traceparent).toBe(`00-${traceId}-${delivery.spanId}-01`);
});

test("each call has a span under its agent, in the words of OpenTelemetry, with tokens and cost as they were billed", async () => {
  const rows = await stack.database.prisma.usageLog.findMany({ where: { jobId: job.id } });
  const calls = named(/^generate_content /);
  expect(calls.map((span) => span.attributes["understudy.call.id"]).sort()).toEqual(
    rows.map(({ id }) => id).sort(),
  );
  for (const row of rows) {
    const call = calls.find(({ attributes }) => attributes["understudy.call.id"] === row.id);
    const agent = collector.spans.find(({ spanId }) => spanId === call?.parentSpanId);
    expect(agent?.attributes["gen_ai.agent.name"]).toBe(row.agentId);
    expect(call?.kind).toBe(kinds.client);
    expect(call?.attributes).toMatchObject({
      "gen_ai.operation.name": "generate_content",
      "gen_ai.provider.name": "understudy.emulator",
      "gen_ai.request.model": row.model,
      "gen_ai.response.model": row.model,
      "gen_ai.response.finish_reasons": ["STOP"],
      "gen_ai.usage.input_tokens": row.inputTokens,
      "gen_ai.usage.cache_read.input_tokens": row.cachedTokens,
      "gen_ai.usage.output_tokens": row.outputTokens + row.thoughtTokens,
      "gen_ai.usage.reasoning.output_tokens": row.thoughtTokens,
      "understudy.cost_usd": row.costUsd?.toFixed(),
    });
  }
});

test("no trace holds what a fan or a model wrote, nor who the fan is", () => {
  const text = Buffer.concat(collector.bodies).toString("latin1");
  const { response } = job.result as { response: string };
  for (const secret of [message, response, "fan_1", stack.adminKey]) expect(text).not.toContain(secret);
});
