import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call, Costs, Creator } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  // Something to look at.
  const submit = (creatorId: string, agent: string, input: object) =>
    stack.submit(agent, { creatorId, input });
  const ids = await Promise.all([
    submit("psy", "messaging", { fanId: "fan_1", message: "When is your next concert in Seoul?" }),
    submit("psy", "chat", { fanId: "fan_2", message: "I love you!" }),
    submit("katyperry", "test", { prompt: "Say hello." }),
  ]);
  for (const id of ids) await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
});

afterAll(() => stack.stop());

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
