import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { agentNames, agents, expectedCalls } from "@understudy/agents";
import type { Call, Costs, Creator, PastCreatorTerms, Plan, Quota, Spending } from "@understudy/contracts";
import { connectRedis, Dispatcher } from "@understudy/queues";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { AgentQueueAdapter } from "../src/bull-board/agent-queue-adapter.ts";
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

  it("are told when their quota has no room, before a job is accepted", async () => {
    await stack.request("PUT", "/api/ai/creators/poor", { quotaUsd: "0.0001" });
    const input = { fanId: "f", message: "hi" };
    const response = await stack.request("POST", "/api/ai/agents/messaging/jobs", {
      creatorId: "poor",
      input,
    });
    expect(response.status).toBe(402);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({
      code: "quota_exceeded",
      plan: "starter",
      quotaUsd: "0.0001",
      spentUsd: "0",
    });
    expect(problem).toMatchObject({
      heldUsd: "0",
      requiredUsd: "0.0028899",
      resetsAt: expect.stringMatching(/-01T00:00:00/),
    });
    expect(await stack.database.prisma.job.count({ where: { creatorId: "poor" } })).toBe(0);
  });

  it("have a quota that can be looked at", async () => {
    await stack.request("PUT", "/api/ai/creators/psy", { quotaUsd: "0.01" });
    const [spend] = await stack.database.prisma.account.findMany({ where: { creatorId: "psy" } });
    const quota = (await (await stack.request("GET", "/api/ai/creators/psy/quota")).json()) as Quota;
    const spentUsd = spend?.spentUsd.toFixed() ?? "";
    expect(quota).toMatchObject({
      plan: "starter",
      quotaUsd: "0.01",
      spentUsd,
      heldUsd: "0",
      unknownUsd: "0",
    });
    expect(Number(quota.remainingUsd)).toBeCloseTo(0.01 - Number(spentUsd), 12);
    expect(quota.percentUsed).toBeCloseTo(Number(spentUsd) * 10_000, 1);
    await stack.request("PUT", "/api/ai/creators/psy", { plan: "business", quotaUsd: null });
    expect(await (await stack.request("GET", "/api/ai/creators/psy/quota")).json()).toMatchObject({
      quotaUsd: null,
      remainingUsd: null,
      percentUsed: 0,
    });
    expect((await stack.request("GET", "/api/ai/creators/nobody/quota")).status).toBe(404);
  });

  it("are listed page by page, and found by a part of their id", async () => {
    const ids: string[] = [];
    let cursor = "";
    do {
      const page = await stack.request("GET", `/api/ai/creators?limit=2${cursor && `&cursor=${cursor}`}`);
      const { items, nextCursor = "" } = (await page.json()) as { items: Creator[]; nextCursor?: string };
      ids.push(...items.map((item) => item.id));
      cursor = nextCursor;
    } while (cursor !== "");
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids).toEqual(expect.arrayContaining(["psy", "katyperry", "eminem"]));
    const found = (await (await stack.request("GET", "/api/ai/creators?q=perry")).json()) as {
      items: Creator[];
    };
    expect(found.items.map((item) => item.id)).toEqual(["katyperry"]);
    expect((await stack.request("GET", "/api/ai/creators?cursor=x")).status).toBe(400);
  });

  it("keep on record what they had before", async () => {
    const put = (body: object) => stack.request("PUT", "/api/ai/creators/adele", body);
    await put({ plan: "pro" });
    await put({ quotaUsd: "5" });
    await put({ quotaUsd: "5", profile: { voice: "warm" } });
    const history = await (await stack.request("GET", "/api/ai/creators/adele/history")).json();
    expect(history).toMatchObject({ items: [{ plan: "pro", quotaUsd: null, bucket: null }] });
    const [{ validFrom, validTo }] = (history as { items: [PastCreatorTerms] }).items;
    expect(Date.parse(validTo)).toBeGreaterThanOrEqual(Date.parse(validFrom));
  });
});

describe("plans", () => {
  const gold = {
    priceUsd: "29",
    quotaUsd: "100",
    bucket: { ratePerHour: 500, burst: 50 },
    weight: 4,
    usage: "included",
  };

  it("are those of the installation, and what operators make them", async () => {
    const list = async () =>
      ((await (await stack.request("GET", "/api/ai/admin/plans")).json()) as { items: Plan[] }).items;
    const installed = { priceUsd: "0", bucket: { ratePerHour: 100, burst: 20 }, weight: 1, usage: "billed" };
    expect(await list()).toMatchObject([
      { name: "business", quotaUsd: null, ...installed },
      { name: "pro", quotaUsd: "50", ...installed },
      { name: "starter", quotaUsd: "10", ...installed },
    ]);
    const put = async (body: object) =>
      (await stack.request("PUT", "/api/ai/admin/plans/gold", body)).json() as Promise<Plan>;
    const made = await put(gold);
    expect(made).toMatchObject({ name: "gold", ...gold });
    // The same again changes nothing, and makes no history.
    expect((await put(gold)).validFrom).toBe(made.validFrom);
    expect(await put({ ...gold, priceUsd: "39" })).toMatchObject({ priceUsd: "39" });
    const history = await (await stack.request("GET", "/api/ai/admin/plans/gold/history")).json();
    expect(history).toMatchObject({ items: [{ ...gold, validFrom: made.validFrom }] });
  });

  it.each([
    ["a field is missing", { ...gold, weight: undefined }, "#/weight"],
    ["a field is unknown", { ...gold, color: "red" }, "#/color"],
    ["the price is negative", { ...gold, priceUsd: "-1" }, "#/priceUsd"],
    ["the rate is nothing", { ...gold, bucket: { ratePerHour: 0, burst: 1 } }, "#/bucket/ratePerHour"],
  ])("are refused where %s", async (_name, body, pointer) => {
    const response = await stack.request("PUT", "/api/ai/admin/plans/gold", body);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ errors: [{ pointer }] });
  });

  it("need a name of the right form", async () => {
    expect((await stack.request("PUT", "/api/ai/admin/plans/Gold%20", gold)).status).toBe(400);
    expect((await stack.request("GET", "/api/ai/admin/plans/silver/history")).status).toBe(404);
  });
});

describe("the switch that stops all spending", () => {
  it("lets jobs in, keeps them waiting, and lets them go on", async () => {
    const turn = async (stopped: boolean) =>
      (await stack.request("POST", "/api/ai/admin/spending", { stopped })).json() as Promise<Spending>;
    const { changedAt } = await turn(true);
    expect((await turn(true)).changedAt).toBe(changedAt);
    const id = await stack.submit("test", { creatorId: "katyperry", input: { prompt: "Say hello again." } });
    await eventually(async () =>
      expect(await stack.job(id)).toMatchObject({ status: "queued", waitingFor: "paused" }),
    );
    expect(await turn(false)).toMatchObject({ stopped: false });
    await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
    expect((await stack.job(id)).usage.calls).toBe(1);
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
    const { queues } = (await board.json()) as {
      queues: { name: string; readOnlyMode: boolean; description: string }[];
    };
    expect(queues[0]?.description).toMatch(/\. 0 more wait in their creators' lanes\.$/);
    expect(queues.map((queue) => queue.name)).toEqual([...agentNames, "charges"]);
    expect(queues.every((queue) => queue.readOnlyMode)).toBe(true);
  });

  it("pauses no agent's queue, which would hold up all others, even where it may write", async () => {
    const redis = connectRedis(stack.redis.url, "producer");
    const dispatcher = new Dispatcher(redis, expectedCalls);
    try {
      for (const agent of agents) {
        const queue = new AgentQueueAdapter(agent, dispatcher, true);
        await expect(queue.pause()).rejects.toMatchObject({
          statusCode: 409,
          message: expect.stringContaining("pause a creator"),
        });
        expect(await queue.isPaused()).toBe(false);
      }
    } finally {
      await dispatcher.close();
      redis.disconnect();
    }
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
