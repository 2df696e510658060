import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call, Costs, Creator, Job, Problem } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 60_000);

afterAll(() => stack.stop());

const message = { creatorId: "psy", fanId: "fan_1", message: "When is your next concert in Seoul?" };

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ status: response.status, requestId: response.headers.get("x-request-id") });
  expect(JSON.stringify(problem)).not.toMatch(/\.ts|node_modules|at .*\(/);
  return problem;
}

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
      agentsInvolved: ["messaging_ai"],
      provider: "emulator",
      model: "gemini-2.5-flash",
      attempts: 1,
      feature: "fan_message",
      metadata: { a: "b" },
      usage: { calls: 1 },
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
    ["an unknown charset", "{}", "application/json; charset=x-none", 400, "invalid_json"],
  ])("%s", async (_name, body, type, status, code) => {
    const headers = { authorization: `Bearer ${stack.adminKey}`, "content-type": type };
    const response = await fetch(`${stack.url}/api/ai/chat`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it("an unknown agent, job, creator, route", async () => {
    const agent = await stack.request("POST", "/api/ai/agents/nobody/jobs", { creatorId: "psy", input: {} });
    expect(await problemOf(agent)).toMatchObject({
      status: 404,
      code: "agent_not_found",
      agents: ["chat", "messaging", "test"],
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

describe("creators", () => {
  it("keep what an update leaves out, and go back to the plan on null", async () => {
    const put = async (body: object) =>
      (await stack.request("PUT", "/api/ai/creators/eminem", body)).json() as Promise<Creator>;
    expect(
      await put({
        plan: "business",
        bucket: { ratePerHour: 1_000_000, burst: 1000 },
        profile: { voice: "dry" },
      }),
    ).toMatchObject({
      plan: "business",
      quotaUsd: null,
      bucket: { ratePerHour: 1_000_000, burst: 1000 },
      overrides: ["bucket"],
    });
    expect(await put({ quotaUsd: "2.50" })).toMatchObject({
      plan: "business",
      quotaUsd: "2.5",
      profile: { voice: "dry" },
    });
    expect(await put({ plan: "starter", bucket: null, quotaUsd: null })).toMatchObject({
      plan: "starter",
      quotaUsd: "10",
      bucket: { ratePerHour: 100, burst: 20 },
      overrides: [],
    });
  });

  it.each([
    ["an unknown plan", { plan: "gold" }, "plan_not_found"],
    ["a rate of nothing", { bucket: { ratePerHour: 0, burst: 1 } }, "invalid_request"],
    ["a quota that is a number", { quotaUsd: 5 }, "invalid_request"],
    ["a quota with an exponent", { quotaUsd: "1e3" }, "invalid_request"],
    ["a negative quota", { quotaUsd: "-1" }, "invalid_request"],
  ])("refuse %s", async (_name, body, code) => {
    const response = await stack.request("PUT", "/api/ai/creators/eminem", body);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it("spend no more than their quota: the job fails with the figures", async () => {
    await stack.request("PUT", "/api/ai/creators/poor", { quotaUsd: "0.0001" });
    const id = await stack.submit("messaging", { creatorId: "poor", input: { fanId: "f", message: "hi" } });
    const job = await eventually(async () => {
      const found = await stack.job(id);
      expect(found.status).toBe("failed");
      return found;
    });
    expect(job.error).toMatchObject({
      code: "quota_exceeded",
      message: expect.stringMatching(/\$0\.0001 has no room .* resets at 20/),
    });
    expect(job.usage).toMatchObject({ calls: 0, costUsd: "0" });
  });
});

describe("costs", () => {
  it.each(["day", "creator", "agent", "model", "feature"])(
    "by %s add up to the total, and to the calls",
    async (groupBy) => {
      // Other tests' jobs may still be under way: sums and calls are compared at rest.
      await eventually(async () =>
        expect(await stack.database.prisma.job.count({ where: { status: "running" } })).toBe(0),
      );
      const { rows, total } = (await (
        await stack.request("GET", `/api/ai/admin/costs?groupBy=${groupBy}`)
      ).json()) as Costs;
      expect(rows.length).toBeGreaterThan(0);
      const picodollars = (usd: string) => {
        const [whole = "0", fraction = ""] = usd.split(".");
        return BigInt(whole + fraction.padEnd(12, "0"));
      };
      const sum = rows.reduce((all, row) => all + picodollars(row.costUsd), 0n);
      expect(picodollars(total.costUsd)).toBe(sum);
      expect(total.costUsd).not.toBe("0");

      const { items } = (await (await stack.request("GET", "/api/ai/admin/calls?limit=1000")).json()) as {
        items: Call[];
      };
      expect(items.reduce((all, call) => all + picodollars(call.costUsd ?? "0"), 0n)).toBe(sum);
      expect(total.calls).toBe(items.length);
    },
  );

  it("come as CSV too", async () => {
    const response = await stack.request("GET", "/api/ai/admin/costs?groupBy=agent", undefined, {
      accept: "text/csv",
    });
    expect(response.headers.get("content-type")).toContain("text/csv");
    const lines = (await response.text()).trim().split("\n");
    expect(lines[0]).toBe("key,calls,inputTokens,cachedTokens,outputTokens,thoughtTokens,costUsd,unknownUsd");
    expect(lines.at(-1)).toMatch(/^total,/);
  });

  it("list calls page by page, each once", async () => {
    const ids: string[] = [];
    let cursor = "";
    do {
      const query = `?limit=2${cursor && `&cursor=${cursor}`}`;
      const page = (await (await stack.request("GET", `/api/ai/admin/calls${query}`)).json()) as {
        items: Call[];
        nextCursor?: string;
      };
      ids.push(...page.items.map((call) => call.id));
      cursor = page.nextCursor ?? "";
    } while (cursor);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(await stack.database.prisma.usageLog.count());
  });

  it.each(["groupBy=moon", "from=yesterday", "from=2026-02-02&to=2026-01-01", "colour=red"])(
    "refuse ?%s",
    async (query) => {
      const response = await stack.request("GET", `/api/ai/admin/costs?${query}`);
      expect(await problemOf(response)).toMatchObject({ status: 400, code: "invalid_request" });
    },
  );

  it("refuse a cursor that is not theirs", async () => {
    const response = await stack.request("GET", "/api/ai/admin/calls?cursor=abc");
    expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ pointer: "cursor" }] });
  });
});

describe("Bull Board", () => {
  const page = (path: string, init: RequestInit = {}) =>
    fetch(stack.url + path, {
      redirect: "manual",
      ...init,
      headers: { accept: "text/html", ...init.headers },
    });

  it("is behind the sign-in, and shows every agent's queue", async () => {
    const refused = await page("/admin/queues");
    expect([refused.status, refused.headers.get("location")]).toEqual([
      303,
      "/admin/sign-in?next=%2Fadmin%2Fqueues",
    ]);
    expect(
      (await fetch(`${stack.url}/admin/queues/api/queues`, { headers: { accept: "application/json" } }))
        .status,
    ).toBe(401);

    const wrong = await page("/admin/sign-in", {
      method: "POST",
      body: new URLSearchParams({ key: "wrong" }),
    });
    expect(wrong.status).toBe(401);
    const right = await page("/admin/sign-in", {
      method: "POST",
      body: new URLSearchParams({ key: stack.adminKey, next: "/admin/queues" }),
    });
    expect([right.status, right.headers.get("location")]).toEqual([303, "/admin/queues"]);
    const cookies = right.headers.getSetCookie();
    expect(cookies.every((cookie) => /samesite=strict/i.test(cookie) && /httponly/i.test(cookie))).toBe(true);

    const cookie = cookies.map((text) => text.split(";")[0]).join("; ");
    expect((await page("/admin/queues", { headers: { cookie } })).status).toBe(200);
    const board = await fetch(`${stack.url}/admin/queues/api/queues`, { headers: { cookie } });
    const { queues } = (await board.json()) as { queues: { name: string; readOnlyMode: boolean }[] };
    expect(queues.map((queue) => queue.name)).toEqual(["chat", "messaging", "test"]);
    expect(queues.every((queue) => queue.readOnlyMode)).toBe(true);
  });

  it("leads nowhere else after the sign-in", async () => {
    for (const next of ["https://evil.example", "//evil.example", "/admin/../x", '/admin/"><script>']) {
      const form = new URLSearchParams({ key: stack.adminKey, next });
      const answer = await page("/admin/sign-in", { method: "POST", body: form });
      expect(answer.headers.get("location")).toBe("/admin/queues");
    }
  });
});

describe("health", () => {
  it("tells of each dependency", async () => {
    expect(await (await fetch(`${stack.url}/healthz`)).json()).toEqual({ status: "ok" });
    const ready = await fetch(`${stack.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: "ok", dependencies: { postgres: "ok", redis: "ok" } },
    ]);
  });
});
