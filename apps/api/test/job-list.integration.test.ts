import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Job, JobStory, ProblemExplanation } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

/** Jobs are found again: by lists, by words of their error, and with their whole story. */

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  const { creator, job } = stack.database.prisma;
  await creator.createMany({ data: ["abba", "abacus", "cher"].map((id) => ({ id })) });
  const offer = {
    message: "Hi!",
    tactics: [],
    expectedConversionRate: 0.1,
    alternativeMessages: [],
    confidence: 0.5,
  };
  const common = { feature: "f", model: "m", input: {}, attempt: 1, startedAt: new Date() };
  await job.createMany({
    data: Array.from({ length: 25 }, (_, n) => {
      const [creatorId, agent] = n % 5 === 0 ? ["cher", "sales"] : ["abba", "test"];
      const createdAt = new Date(Date.UTC(2026, 0, 1, 0, 0, Math.floor(n / 2)));
      const finishedAt = new Date();
      const row = {
        ...common,
        id: `job_${100 + n}`,
        creatorId,
        agent,
        fanId: `fan_${n % 3}`,
        createdAt,
        finishedAt,
      };
      if (n % 10 === 0) {
        const errorMessage = `The model's API answered 503 (zebra_${n}).`;
        return {
          ...row,
          status: "failed",
          errorCode: "provider_unavailable",
          errorMessage,
          errorRetryable: true,
        };
      }
      return n % 10 === 3
        ? { ...row, status: "cancelled" }
        : { ...row, status: "completed", result: agent === "sales" ? offer : { text: "hi" } };
    }) as never,
  });
});

afterAll(() => stack.stop());

async function list(query: Record<string, string>): Promise<{ items: Job[]; nextCursor?: string }> {
  const response = await stack.request("GET", `/api/ai/jobs?${new URLSearchParams(query)}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Job[]; nextCursor?: string };
}

const numbers = async (query: Record<string, string>) =>
  (await list({ limit: "200", ...query })).items.map(({ id }) => Number(id.slice(4)) - 100);

const downFrom24 = Array.from({ length: 25 }, (_, n) => 24 - n);

describe("the list of jobs", () => {
  it("is told page by page, the newest first, and new jobs change no page", async () => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await list({ limit: "7", to: "2026-06-01T00:00:00Z", ...(cursor && { cursor }) });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      await stack.submit("test", { creatorId: "cher", input: { prompt: "meanwhile" } });
    } while (cursor);
    expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 4]);
    expect(pages.flat()).toEqual(downFrom24.map((n) => `job_${100 + n}`));
    const newest = (await list({ limit: "1" })).items[0]?.id ?? "";
    // While it runs it may change between two answers.
    await eventually(async () => expect(await stack.job(newest)).toMatchObject({ status: "completed" }));
    expect((await list({ limit: "1" })).items).toEqual([await stack.job(newest)]);
  });

  it.each<[string, Record<string, string>, (n: number) => boolean]>([
    ["creator", { creatorId: "abba" }, (n) => n % 5 !== 0],
    ["agent", { agent: "sales" }, (n) => n % 5 === 0],
    ["status", { status: "failed" }, (n) => n % 10 === 0],
    ["another status", { status: "cancelled" }, (n) => n % 10 === 3],
    ["time", { from: "2026-01-01T00:00:02Z", to: "2026-01-01T01:00:04+01:00" }, (n) => n >= 4 && n < 8],
    ["creator and status", { creatorId: "cher", status: "completed" }, (n) => n % 10 === 5],
    ["q: the id of a job", { q: "job_107" }, (n) => n === 7],
    ["q: a fan", { q: "fan_1" }, (n) => n % 3 === 1],
    ["q: how a creator's id begins", { q: "abb" }, (n) => n % 5 !== 0],
    ["q: words of an error", { q: "answered 503" }, (n) => n % 10 === 0],
    ["q: the code of an error, cut", { q: "provider_unav" }, (n) => n % 10 === 0],
    ["q: one error", { q: "zebra_20" }, (n) => n === 20],
    ["q and status", { q: "fan_0", status: "cancelled" }, (n) => n % 3 === 0 && n % 10 === 3],
    ["q that nothing fits", { q: '\'); DROP TABLE "Job" --' }, () => false],
    ["q of signs alone", { q: ":*&!|()" }, () => false],
  ])("by %s", async (_name, query, fits) => {
    expect(await numbers({ to: "2026-06-01T00:00:00Z", ...query })).toEqual(downFrom24.filter(fits));
  });

  it.each([
    { status: "done" },
    { limit: "201" },
    { cursor: "x" },
    { q: "" },
    { q: "a\0b" },
    { from: "today" },
    { fan: "f" },
  ])("is refused with %j", async (query) => {
    const response = await stack.request("GET", `/api/ai/jobs?${new URLSearchParams(query as never)}`);
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "invalid_request" });
  });
});

describe("a job's story", () => {
  it("tells steps, calls, insights, and each end with its deliveries", async () => {
    const made = await stack.request("POST", "/api/ai/webhooks", {
      url: "http://127.0.0.1:9/hook",
      events: ["job.failed", "job.completed"],
    });
    const { id: endpointId } = (await made.json()) as { id: string };
    await stack.rule({
      match: { contains: "story", method: "streamGenerateContent" },
      respond: { status: 400 },
      times: 1,
    });
    const input = { fanId: "fan_s", message: "Tell me a story", history: [], context: { note: "unspoken" } };
    const id = await stack.submit("chat", { creatorId: "cher", input });
    await eventually(async () => expect((await stack.job(id)).status).toBe("failed"));
    const { error } = await stack.job(id);
    await stack.request("POST", `/api/ai/jobs/${id}/retry`);
    await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
    const read = async () =>
      (await (await stack.request("GET", `/api/ai/admin/jobs/${id}`)).json()) as JobStory;
    await eventually(async () =>
      expect((await read()).events).toMatchObject([
        { type: "job.failed", end: { status: "failed", error }, deliveries: [{ endpointId }] },
        { type: "job.completed", deliveries: [{ endpointId, tries: [{ error: expect.any(String) }] }] },
      ]),
    );
    const story = await read();
    expect(story).toMatchObject({ job: { id, retries: 1 }, fanId: "fan_s", priority: 100, crashes: 0 });
    expect(story.calls).toHaveLength(story.job.usage.calls);
    expect(story.steps.map(({ key }) => key)).toContain("compliance-message/check");
    expect(JSON.stringify(story)).not.toContain("unspoken");
    const none = await stack.request("GET", "/api/ai/admin/jobs/job_0");
    expect(await problemOf(none)).toMatchObject({ code: "job_not_found" });
  });
});

describe("a problem's type", () => {
  it("leads to what the code means and what to do", async () => {
    const { type } = await problemOf(await stack.request("GET", "/api/ai/jobs/job_0"));
    expect(type).toBe("/problems/job_not_found");
    const json = await fetch(stack.url + type);
    const { items } = (await json.json()) as { items: ProblemExplanation[] };
    expect(items).toMatchObject([{ code: "job_not_found", where: "api", retryable: false }]);
    const page = await fetch(stack.url + type, { headers: { accept: "text/html,*/*;q=0.8" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("What to do");
    const both = (await (await fetch(`${stack.url}/problems/quota_exceeded`)).json()) as { items: object[] };
    expect(both.items).toMatchObject([{ where: "api" }, { where: "job" }]);
    expect((await fetch(`${stack.url}/problems/nothing`)).status).toBe(404);
    const all = (await (await fetch(`${stack.url}/problems`)).json()) as { items: object[] };
    expect(all.items.length).toBeGreaterThan(40);
  });
});
