import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import {
  AuthenticationError,
  type FinishedJob,
  type JobEvent,
  JobUnsuccessfulError,
  NotFoundError,
  RateLimitError,
  Understudy,
  ValidationError,
  type VerifiedEvent,
  verifyWebhook,
  WaitTimeoutError,
} from "../src/index.ts";

let stack: Stack;
let understudy: Understudy;

beforeAll(async () => {
  stack = await startStack({ environment: { WEBHOOK_RETRY_SCHEDULE: "200ms,1s" } });
  understudy = clientFor(stack);
  await understudy.creators.put("psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
});

afterAll(async () => {
  await stack?.stop();
});

function clientFor({ url, adminKey }: Stack, fetch?: typeof globalThis.fetch): Understudy {
  return new Understudy({ apiKey: adminKey, baseUrl: url, fetch });
}

function text(events: JobEvent[]): string {
  const from = events.findLastIndex(({ event }) => event === "retract");
  return events.slice(from + 1).reduce((sum, one) => sum + (one.event === "token" ? one.data.text : ""), "");
}

describe("every agent", () => {
  it("has a method whose result has its type", async () => {
    const metrics = { revenueData: { "2026-09": 100, "2026-10": 120 } };
    const fan = { creatorId: "psy", fanId: "fan_1" };
    const [chat, caption, analysis, offer, verdict, draft, plain, any] = await Promise.all([
      understudy.chat({ ...fan, message: "When is your next show in Berlin?" }).result(),
      understudy
        .generateCaption({ creatorId: "psy", platform: "tiktok", contentInfo: { type: "beach day" } })
        .result(),
      understudy.analyzePerformance({ creatorId: "psy", metrics }).result(),
      understudy.optimizeSales({ ...fan, context: { currentMessage: "Do you sell prints?" } }).result(),
      understudy.moderate({ creatorId: "psy", content: "What a lovely day" }).result(),
      understudy.messaging({ ...fan, message: "I love your work" }).result(),
      understudy.test({ creatorId: "psy", prompt: "Say hello", maxOutputTokens: 50 }).result(),
      understudy
        .run<{ text: string }>("test" as string, { creatorId: "psy", input: { prompt: "Hi" } })
        .result(),
    ]);
    expect(chat.response).toEqual(expect.any(String));
    expect(caption.hashtags.length).toBeLessThanOrEqual(5);
    expect(analysis.predictions.map(({ metric }) => metric)).toEqual(expect.any(Array));
    expect(offer.alternativeMessages).toEqual(expect.any(Array));
    expect(verdict.allowed).toBe(true);
    expect(draft.compliance.severity).toBe("none");
    expect(plain.text.length + any.text.length).toBeGreaterThan(0);
  });

  it("refuses what is not valid, with where", async () => {
    const error = await understudy
      .chat({ creatorId: "psy", fanId: "fan 1", message: "" })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ValidationError);
    const { errors, requestId } = error as ValidationError;
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(["#/fanId", "#/message"]);
    expect(requestId).toMatch(/^req_/);
    await expect(understudy.jobs.get("job_0")).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe("a job", () => {
  it("is streamed: states, text, end; and again from any event on", async () => {
    // It runs yet when the stream is opened, however busy the machine.
    await stack.rule({ match: { contains: "How was the tour?" }, respond: { delayMs: 5_000 }, times: 1 });
    const handle = await understudy.chat({ creatorId: "psy", fanId: "fan_2", message: "How was the tour?" });
    const events: JobEvent<{ response: string | null }>[] = [];
    for await (const event of handle.stream()) events.push(event);
    expect(events[0]?.event).toBe("status");
    expect(events.filter(({ event }) => event === "token").length).toBeGreaterThan(0);
    const last = events.at(-1);
    if (last?.event !== "done" || last.data.status !== "completed") throw new Error("It is not completed.");
    expect(last.data.result?.response).toBe(text(events));
    const place = Math.floor(events.length / 2);
    const rest: JobEvent[] = [];
    for await (const event of handle.stream({ lastEventId: events[place]?.id })) rest.push(event);
    expect(rest).toEqual(events.slice(place + 1));
    for await (const event of handle.stream({ lastEventId: last.id }))
      throw new Error(`Told again: ${event.event}`);
  });

  it("survives an API that is killed while it is streamed and waited for", async () => {
    const response = "One, two, three: that is how slowly a reply can be written, if it must be.";
    const compliance = { allowed: true, categories: [], severity: "none", reasons: [] };
    await stack.rule({
      match: { contains: "slowly", method: "streamGenerateContent" },
      respond: { text: JSON.stringify({ response, confidence: 0.9, compliance }), chunkDelayMs: 400 },
    });
    const handle = await understudy.messaging({
      creatorId: "psy",
      fanId: "fan_3",
      message: "Tell me slowly",
    });
    const events: JobEvent[] = [];
    let isKilled = false;
    const waited = handle.wait();
    for await (const event of handle.stream()) {
      events.push(event);
      if (event.event !== "token" || isKilled) continue;
      isKilled = true;
      await stack.api.kill();
      await stack.restartApi();
    }
    expect(isKilled).toBe(true);
    const ended = (await waited) as FinishedJob<{ response: string }>;
    expect(events.filter(({ event }) => event === "done")).toHaveLength(1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(ended.status === "completed" && ended.result?.response).toBe(response);
    expect(text(events)).toBe(response);
  });

  it("is waited for in one request, by its stream, and by polling", async () => {
    const job = { creatorId: "psy", prompt: "Hi" };
    const asked: string[] = [];
    const watched = clientFor(stack, async (input, init) => {
      asked.push(`${init?.method} ${new URL(String(input)).pathname.replace(/job_\w+/, ":id")}`);
      return await fetch(input, init);
    });
    await watched.test(job).result();
    expect(asked.splice(0)).toEqual(["POST /api/ai/test"]);
    await (await watched.test(job)).result();
    expect(asked.splice(0)).toEqual(["POST /api/ai/test", "GET /api/ai/jobs/:id/events"]);
    const noStreams = clientFor(stack, async (input, init) => {
      const response = await fetch(input, init);
      return String(input).endsWith("/events") ? new Response(null, { status: 200 }) : response;
    });
    expect(await (await noStreams.test(job)).result()).toEqual({ text: expect.any(String) });
  });

  it("is given up on by a caller who is out of time, and goes on", async () => {
    await stack.rule({ match: { contains: "takes its time" }, respond: { text: "done", delayMs: 1_500 } });
    const job = { creatorId: "psy", prompt: "This takes its time" };
    const handle = await understudy.test(job);
    const late = await handle.wait({ timeoutMs: 50 }).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(WaitTimeoutError);
    expect(late).toMatchObject({ jobId: handle.id, code: "wait_timeout" });
    const reason = new Error("no longer wanted");
    await expect(handle.wait({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await handle.result()).toEqual({ text: "done" });
  });

  it("is cancelled while it waits", async () => {
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const handle = await understudy.test({ creatorId: "psy", prompt: "Later", options: { notBefore } });
    expect(await handle.get()).toMatchObject({ status: "queued", waitingFor: "time" });
    const waited = handle.result().catch((error: unknown) => error);
    expect(await handle.cancel()).toMatchObject({ status: "cancelled" });
    expect(await waited).toBeInstanceOf(JobUnsuccessfulError);
    expect(await waited).toMatchObject({ code: "cancelled", job: { id: handle.id, status: "cancelled" } });
  });

  it("is cancelled while it runs: its call is aborted", async () => {
    await stack.rule({ match: { contains: "for ever" }, respond: { hang: true } });
    const handle = await understudy.test({ creatorId: "psy", prompt: "Think for ever" });
    for await (const { event, data } of handle.stream()) {
      if (event === "status" && data.status === "running") await handle.cancel();
      if (event === "done") expect(data.status).toBe("cancelled");
    }
    expect(await handle.wait()).toMatchObject({ status: "cancelled" });
  });

  it("that failed is tried again, alone and with others", async () => {
    const match = { contains: "fails first" };
    await stack.rule({ match, respond: { status: 400 }, times: 2 });
    const job = { creatorId: "unlucky", prompt: "This fails first" };
    const [one, other] = await Promise.all([understudy.test(job), understudy.test(job)]);
    for (const handle of [one, other]) {
      const error = await handle.result().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "JobUnsuccessfulError", code: "provider_refused" });
    }
    expect(await one.retry()).toMatchObject({
      id: one.id,
      status: expect.stringMatching(/queued|running|completed/),
    });
    expect(await one.result()).toEqual({ text: expect.any(String) });
    expect(await understudy.jobs.retryMany({ creatorId: "unlucky" })).toEqual({ retried: 1 });
    expect(await other.result()).toEqual({ text: expect.any(String) });
    await expect(one.retry()).rejects.toMatchObject({ code: "job_not_failed", status: 409 });
  });

  it("that Gemini blocks has no result, and says why", async () => {
    await stack.rule({ match: { contains: "forbidden" }, respond: { blockReason: "SAFETY" } });
    const ended = await understudy.test({ creatorId: "psy", prompt: "Something forbidden" }).wait();
    if (ended.status !== "blocked") throw new Error(`It is ${ended.status}.`);
    expect(ended.error.code).toBe("safety");
  });

  it("takes feedback", async () => {
    const handle = await understudy.messaging({ creatorId: "psy", fanId: "fan_4", message: "Nice!" });
    await handle.result();
    await handle.feedback({ outcome: "edited", text: "Thank you so much!" });
    await expect(handle.feedback({ outcome: "edited" })).rejects.toBeInstanceOf(ValidationError);
  });

  it("is one, however often it is submitted under one key", async () => {
    const job = { creatorId: "psy", prompt: "Once", options: { metadata: { mine: "1" } } };
    const first = await understudy.test(job, { idempotencyKey: "once-1" });
    const second = await understudy.test(job, { idempotencyKey: "once-1" });
    expect(second.id).toBe(first.id);
    await expect(
      Promise.resolve(understudy.test({ ...job, prompt: "Twice" }, { idempotencyKey: "once-1" })),
    ).rejects.toMatchObject({ code: "idempotency_key_reused", status: 422 });
  });

  it("is found again in the list", async () => {
    const jobs = await Promise.all(
      ["one", "two", "three"].map((prompt) => understudy.test({ creatorId: "listed", prompt })),
    );
    await Promise.all(jobs.map((job) => job.wait()));
    const listed: string[] = [];
    const query = { creatorId: "listed", status: "completed", limit: 2 } as const;
    for await (const { id } of understudy.jobs.list(query)) listed.push(id);
    expect(listed.sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  it("comes with many others in a batch, of which some are refused", async () => {
    const outcomes = await understudy.jobs.batch([
      { agent: "test", creatorId: "psy", input: { prompt: "One" } },
      { agent: "test", creatorId: "psy", input: { prompt: "" } },
      { agent: "compliance", creatorId: "psy", input: { content: "Hello" } },
    ]);
    expect(outcomes[1]?.error).toBeInstanceOf(ValidationError);
    expect(outcomes[1]?.error?.errors[0]?.pointer).toBe("#/jobs/1/input/prompt");
    const ended = await Promise.all([outcomes[0]?.job?.wait(), outcomes[2]?.job?.wait()]);
    expect(ended.map((job) => job?.status)).toEqual(["completed", "completed"]);
  });
});

describe("text with billing, for a creator with a token left", () => {
  it("is the mission's example", async () => {
    const { checkCreatorRateLimit, generateTextWithBilling } = understudy;
    await understudy.creators.put("small", { bucket: { ratePerHour: 1, burst: 2 } });
    expect(await checkCreatorRateLimit("small")).toMatchObject({ burst: 2 });
    expect(await checkCreatorRateLimit("nobody_yet")).toBeNull();
    const { text, usage, jobId } = await generateTextWithBilling({
      prompt: "Write a haiku about the sea",
      metadata: { creatorId: "small", feature: "haiku", agentId: "poet_ai" },
    });
    expect(text.length).toBeGreaterThan(0);
    expect(usage).toMatchObject({ calls: 1, costUsd: expect.stringMatching(/^0\.0*[1-9]\d*$/) });
    expect(await understudy.jobs.get(jobId)).toMatchObject({
      creatorId: "small",
      feature: "haiku",
      metadata: { agentId: "poet_ai" },
    });
    const costs = await understudy.costs({ creatorId: "small", groupBy: "feature" });
    expect(costs.rows).toMatchObject([{ key: "haiku", costUsd: usage.costUsd }]);
    expect(await understudy.costsCsv({ creatorId: "small", groupBy: "feature" })).toContain(usage.costUsd);
    expect((await understudy.creators.quota("small")).spentUsd).toBe(usage.costUsd);
    await understudy.test({ creatorId: "small", prompt: "The last token" }).result();
    const error = await checkCreatorRateLimit("small").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    const { retryAfter } = error as RateLimitError;
    expect(retryAfter).toBeGreaterThan(1_700);
    expect(retryAfter).toBeLessThanOrEqual(3_601);
  });
});

it("a person signs in, and the CSRF token goes along", async () => {
  let cookie = "";
  const browser = new Understudy({
    baseUrl: stack.url,
    credentials: "same-origin",
    // As a browser would: it keeps the cookie and sends it along.
    fetch: async (input, init) => {
      const response = await fetch(input, { ...init, headers: { ...(init?.headers as object), cookie } });
      cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return response;
    },
  });
  await expect(browser.session.get()).rejects.toBeInstanceOf(AuthenticationError);
  const { csrfToken } = await browser.session.signIn(stack.adminKey);
  expect(await browser.session.get()).toMatchObject({ csrfToken });
  expect(await browser.creators.put("signed", { plan: "pro" })).toMatchObject({ plan: "pro" });
  const [own] = await browser.session.list();
  expect(own).toMatchObject({ actor: "person", isCurrent: true });
  await expect(browser.session.end("ses_none")).rejects.toBeInstanceOf(NotFoundError);
  await browser.session.end(String(own?.id));
  await expect(browser.session.get()).rejects.toBeInstanceOf(AuthenticationError);
  await browser.session.signIn(stack.adminKey);
  expect(await browser.session.endAll()).toBeGreaterThanOrEqual(1);
  await browser.session.signIn(stack.adminKey);
  await browser.session.signOut();
  await expect(browser.creators.get("signed")).rejects.toBeInstanceOf(AuthenticationError);
});

it("webhooks of a run are verified, those of a rotation and a replay too", async () => {
  const events: VerifiedEvent[] = [];
  const faults: unknown[] = [];
  let secrets: string[] = [];
  const server = createServer(async (request, response) => {
    try {
      events.push(await verifyWebhook(request, { secret: secrets }));
    } catch (error) {
      faults.push(error);
    }
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;

  const endpoint = await understudy.webhooks.create({ url, events: ["job.completed", "job.cancelled"] });
  secrets = [endpoint.secret];
  const job = await understudy.test({ creatorId: "psy", prompt: "Tell my app" }).wait();
  await eventually(() => expect(events).toMatchObject([{ type: "job.completed", data: { id: job.id } }]));
  const rotated = await understudy.webhooks.rotateSecret(endpoint.id);
  await understudy.webhooks.test(endpoint.id);
  await eventually(() => expect(events.at(-1)).toMatchObject({ type: "webhook.test" }));
  secrets = [rotated.secret];
  await understudy.webhooks.replay(endpoint.id, endpoint.createdAt);
  await eventually(() => expect(events.filter(({ id }) => id === events[0]?.id)).toHaveLength(2));
  expect(faults).toEqual([]);

  const deliveries = [];
  for await (const delivery of understudy.webhooks.deliveries(endpoint.id, { limit: 1 }))
    deliveries.push(delivery);
  expect(deliveries.map(({ type }) => type)).toEqual(["webhook.test", "job.completed"]);
  expect(await understudy.webhooks.update(endpoint.id, { enabled: false })).toMatchObject({ enabled: false });
  await understudy.webhooks.delete(endpoint.id);
  await expect(understudy.webhooks.get(endpoint.id)).rejects.toMatchObject({ code: "endpoint_not_found" });
  server.closeAllConnections();
  server.close();
});
