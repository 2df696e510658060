import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Job } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(() => stack.stop());

const message = { creatorId: "psy", fanId: "fan_1", message: "When is your next concert in Seoul?" };

describe("the main job", () => {
  it("takes a fan's message in and gives a reply and its exact cost", async () => {
    const accepted = await stack.request("POST", "/api/ai/chat", {
      ...message,
      options: { metadata: { a: "b" } },
    });
    expect(accepted.status).toBe(202);
    const body = (await accepted.json()) as Job & { links: { self: string } };
    expect(body).toMatchObject({ agent: "chat", creatorId: "psy", status: "queued" });
    expect(accepted.headers.get("location")).toBe(body.links.self);

    const job = await eventually(async () => {
      const found = await stack.job(body.id);
      expect(found.status).toBe("completed");
      return found;
    });
    expect(job).toMatchObject({
      agent: "chat",
      agentsInvolved: ["compliance_ai", "messaging_ai"],
      provider: "emulator",
      model: "gemini-3.5-flash-lite",
      attempts: 1,
      feature: "fan_message",
      metadata: { a: "b" },
      usage: { calls: 3 },
      result: { response: expect.any(String), compliance: { allowed: true } },
    });
    expect(job.usage.costUsd).toMatch(/^0\.\d*[1-9]$/);
    await assertInvariants(stack, [body.id]);
  });

  it("is answered at once with the finished job where the client waits for it", async () => {
    const body = { creatorId: "psy", prompt: "Say hello." };
    const response = await stack.request("POST", "/api/ai/test", body, { prefer: "wait=30" });
    expect(response.status).toBe(200);
    expect(response.headers.get("preference-applied")).toBe("wait=30");
    const job = (await response.json()) as Job;
    expect(job).toMatchObject({ status: "completed", agent: "test", result: { text: expect.any(String) } });
  });

  it("is answered with 202 where it does not finish in the time that the client waits", async () => {
    await stack.rule({ match: { contains: "slow-marker" }, respond: { delayMs: 3_000 }, times: 1 });
    const body = { creatorId: "psy", prompt: "slow-marker" };
    const response = await stack.request("POST", "/api/ai/test", body, { prefer: "wait=1" });
    expect(response.status).toBe(202);
  });

  it("runs no job before its time, and none after its expiry", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = await stack.submit("test", {
      creatorId: "psy",
      input: { prompt: "x" },
      options: { notBefore: later },
    });
    expect(await stack.job(waiting)).toMatchObject({ status: "queued", waitingFor: "time" });
    const past = new Date(Date.now() - 1_000).toISOString();
    const expired = await stack.submit("test", {
      creatorId: "psy",
      input: { prompt: "x" },
      options: { expiresAt: past },
    });
    await eventually(async () =>
      expect(await stack.job(expired)).toMatchObject({ status: "failed", error: { code: "expired" } }),
    );
  });
});

describe("wrong requests", () => {
  it.each([
    ["an unknown field", "/api/ai/chat", { ...message, hello: 1 }, 400, "invalid_request", "#/hello"],
    [
      "a missing field",
      "/api/ai/chat",
      { creatorId: "psy", fanId: "f" },
      400,
      "invalid_request",
      "#/message",
    ],
    ["a wrong type", "/api/ai/chat", { ...message, message: 5 }, 400, "invalid_request", "#/message"],
    ["an empty message", "/api/ai/chat", { ...message, message: " \n" }, 400, "invalid_request", "#/message"],
    [
      "a bad creator id",
      "/api/ai/chat",
      { ...message, creatorId: "a b" },
      400,
      "invalid_request",
      "#/creatorId",
    ],
    ["a bad fan id", "/api/ai/chat", { ...message, fanId: "" }, 400, "invalid_request", "#/fanId"],
    ["U+0000", "/api/ai/chat", { ...message, message: "a\0b" }, 400, "invalid_request", "#/message"],
    [
      "half a character",
      "/api/ai/chat",
      { ...message, message: "\ud800" },
      400,
      "invalid_request",
      "#/message",
    ],
    [
      "an unknown option",
      "/api/ai/chat",
      { ...message, options: { x: 1 } },
      400,
      "invalid_request",
      "#/options/x",
    ],
    [
      "a callback to nowhere registered",
      "/api/ai/chat",
      { ...message, options: { callbackUrl: "https://a.example" } },
      400,
      "callback_not_allowed",
      "#/options/callbackUrl",
    ],
    [
      "an unknown model",
      "/api/ai/test",
      { creatorId: "psy", prompt: "x", model: "gpt-9" },
      400,
      "unknown_model",
      "#/model",
    ],
    [
      "an unknown model for an agent",
      "/api/ai/agents/test/jobs",
      { creatorId: "psy", input: { prompt: "x", model: "gpt-9" } },
      400,
      "unknown_model",
      "#/input/model",
    ],
    [
      "an agent's own field",
      "/api/ai/agents/test/jobs",
      { creatorId: "psy", input: { prompt: 1 } },
      400,
      "invalid_request",
      "#/input/prompt",
    ],
    ["a body that is no object", "/api/ai/chat", [], 400, "invalid_request", "#"],
    [
      "a creator of dots",
      "/api/ai/chat",
      { ...message, creatorId: ".." },
      400,
      "invalid_request",
      "#/creatorId",
    ],
    ["a fan of a dot", "/api/ai/chat", { ...message, fanId: "." }, 400, "invalid_request", "#/fanId"],
  ])("%s", async (_name, path, body, status, code, pointer) => {
    const response = await stack.request("POST", path, body);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code, retryable: false, errors: [{ pointer }] });
  });

  it.each([
    ["malformed JSON", "{oops", "application/json", 400, "invalid_json"],
    ["a bare word", "5", "application/json", 400, "invalid_json"],
    ["no JSON at all", "a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"],
    [
      "10 MB",
      JSON.stringify({ ...message, message: "x".repeat(10_000_000) }),
      "application/json",
      413,
      "body_too_large",
    ],
    [
      "endless depth",
      `{"creatorId":"psy","fanId":"f","message":"m","context":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
      "application/json",
      400,
      "invalid_request",
    ],
    [
      "a field that parsers drop",
      '{"creatorId":"psy","fanId":"f","message":"m","options":{"metadata":{"__proto__":"x"}}}',
      "application/json",
      400,
      "invalid_request",
    ],
    ["an unknown charset", "{}", "application/json; charset=x-none", 400, "invalid_json"],
  ])("%s", async (_name, body, type, status, code) => {
    const headers = { authorization: `Bearer ${stack.adminKey}`, "content-type": type };
    const response = await fetch(`${stack.url}/api/ai/chat`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it.each([
    ["a context", "/api/ai/chat", { ...message, context: { notes: "x".repeat(65_600) } }, "#/context"],
    [
      "a context of wide letters",
      "/api/ai/chat",
      { ...message, context: { notes: "\u20ac".repeat(22_000) } },
      "#/context",
    ],
    [
      "metrics",
      "/api/ai/agents/analytics/jobs",
      { creatorId: "psy", input: { metrics: { revenueData: Array(4_000).fill("123456789012345") } } },
      "#/input/metrics",
    ],
    [
      "a history",
      "/api/ai/chat",
      { ...message, history: Array(40).fill({ from: "fan", text: "x".repeat(7_000) }) },
      "#",
    ],
  ])("more than anybody has to say: %s", async (_name, path, body, pointer) => {
    const before = await stack.database.prisma.job.count();
    expect(await problemOf(await stack.request("POST", path, body))).toMatchObject({
      ...{ status: 413, code: "input_too_large", retryable: false },
      errors: [{ pointer }],
    });
    expect(await stack.database.prisma.job.count()).toBe(before);
  });

  it("an entry of a batch that is no object, in its place", async () => {
    const entry = { agent: "chat", creatorId: "psy", input: { fanId: "f", message: "in a batch" } };
    const response = await stack.request("POST", "/api/ai/jobs/batch", { jobs: [null, entry, 5, "x", []] });
    expect(response.status).toBe(202);
    const refused = (index: number) => ({ status: 400, errors: [{ pointer: `#/jobs/${index}` }] });
    expect(await response.json()).toMatchObject({
      jobs: [refused(0), { status: "queued" }, refused(2), refused(3), refused(4)],
    });
  });

  it("an entry of a batch that can't be kept, in its place", async () => {
    const body = (message: string, more = "") =>
      `{"agent":"chat","creatorId":"psy","input":{"fanId":"f","message":"${message}"${more}}}`;
    const entries = [
      body("\\u0000"),
      body("\\ud800"),
      body("m", ',"context":{"__proto__":1}'),
      body("m", ',"context":{"n":1e999}'),
      body("a good one"),
    ];
    const response = await fetch(`${stack.url}/api/ai/jobs/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${stack.adminKey}`, "content-type": "application/json" },
      body: `{"jobs":[${entries.join()}]}`,
    });
    expect(response.status).toBe(202);
    const refused = (pointer: string) => ({ status: 400, errors: [{ pointer }] });
    expect(await response.json()).toMatchObject({
      jobs: [
        refused("#/jobs/0/input/message"),
        refused("#/jobs/1/input/message"),
        refused("#/jobs/2/input/context/__proto__"),
        refused("#/jobs/3/input/context/n"),
        { status: "queued" },
      ],
    });
  });

  it("an unknown agent, job, creator, route", async () => {
    const agent = await stack.request("POST", "/api/ai/agents/nobody/jobs", { creatorId: "psy", input: {} });
    expect(await problemOf(agent)).toMatchObject({
      status: 404,
      code: "agent_not_found",
      agents: ["chat", "messaging", "sales", "content", "analytics", "compliance", "test"],
    });
    expect(await problemOf(await stack.request("GET", "/api/ai/jobs/job_nope"))).toMatchObject({
      status: 404,
      code: "job_not_found",
    });
    expect(await problemOf(await stack.request("GET", "/api/ai/creators/nobody"))).toMatchObject({
      status: 404,
      code: "creator_not_found",
    });
    expect(await problemOf(await stack.request("GET", "/api/ai/nothing"))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect(await problemOf(await stack.request("GET", "/api/ai/jobs/%E0%A4%A"))).toMatchObject({
      status: 400,
    });
  });

  it.each([
    ["no key", {}, "unauthorized"],
    ["another scheme", { authorization: "Basic abc" }, "unauthorized"],
    ["a wrong key", { authorization: "Bearer us_test_wrong" }, "invalid_api_key"],
  ])("%s", async (_name, headers, code) => {
    const response = await fetch(`${stack.url}/api/ai/chat`, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: "{}",
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it("nothing for a charset of another name, of known length or streamed", async () => {
    for (const type of ["application/json; charset=utf8", 'application/json;charset="UTF8"']) {
      const headers = { authorization: `Bearer ${stack.adminKey}`, "content-type": type };
      const bytes = new TextEncoder().encode(JSON.stringify({ ...message, message: "¿qué tal?" }));
      for (const sent of [bytes, new Blob([bytes]).stream()]) {
        const init = { method: "POST", headers, body: sent, duplex: "half" } as RequestInit;
        expect((await fetch(`${stack.url}/api/ai/chat`, init)).status).toBe(202);
      }
    }
  });

  it("bytes that are not UTF-8", async () => {
    const body = Buffer.concat([
      Buffer.from('{"creatorId":"psy","fanId":"f","message":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${stack.adminKey}`, "content-type": "application/json" };
      httpRequest(`${stack.url}/api/ai/chat`, { method: "POST", headers }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      })
        .on("error", reject)
        .end(body);
    });
    expect(status).toBe(400);
  });
});
