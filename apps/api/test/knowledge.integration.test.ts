import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ErasedFan, type Insight, insight, type Job } from "@understudy/contracts";
import { eventually, readBill, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  for (const id of ["psy", "other", "mia", "stylist"]) {
    const bucket = { ratePerHour: 1_000_000, burst: 1_000 };
    await stack.request("PUT", `/api/ai/creators/${id}`, { plan: "business", bucket });
  }
});

afterAll(() => stack.stop());

async function ended(creatorId: string, fanId: string, message: string, agent = "messaging"): Promise<Job> {
  const id = await stack.submit(agent, { creatorId, input: { fanId, message } });
  await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
  return stack.job(id);
}

const feedback = (id: string, body: object) => stack.request("POST", `/api/ai/jobs/${id}/feedback`, body);

async function insightsOf(creatorId: string, query = ""): Promise<Insight[]> {
  const response = await stack.request("GET", `/api/ai/creators/${creatorId}/insights${query}`);
  return ((await response.json()) as { items: Insight[] }).items;
}

async function learn(creatorId: string | null, id: string, more: object = {}): Promise<void> {
  const fields = { source: "test_ai", type: "fan_preference", confidence: 0.5, text: id, ...more };
  await stack.database.prisma.insight.create({ data: { id, creatorId, ...fields } });
}

/** The bytes that were sent to the model for a job. */
async function promptsOf(jobId: string): Promise<string> {
  const calls = await stack.database.prisma.usageLog.findMany({ where: { jobId } });
  const ids = new Set(calls.map((call) => call.id));
  const bill = (await readBill(stack.emulatorUrl)).filter(({ callId }) => callId !== null && ids.has(callId));
  expect(bill).toHaveLength(ids.size);
  const request = async (id: string) => (await fetch(`${stack.emulatorUrl}/_emulator/requests/${id}`)).text();
  return (await Promise.all(bill.map(({ id }) => request(id)))).join("\n");
}

describe("feedback", () => {
  it("judges the insights that were used, and teaches how the creator sounds; a later word replaces it", async () => {
    const { prisma } = stack.database;
    const { id } = await ended("psy", "fan_1", "Hi, Ferdinand here. Are you on tour?");
    await learn("psy", "ins_used");
    await learn("other", "ins_of_another");
    const result = { response: "the draft", insightsUsed: ["ins_used", "ins_of_another", "ins_gone"] };
    await prisma.job.update({ where: { id }, data: { result } });
    const example = async () =>
      (await insightsOf("psy", "?type=style_example")).map(({ text, data, source, confidence, fanId }) => ({
        text,
        data,
        source,
        confidence: Math.round(confidence * 100) / 100,
        fanId,
      }));
    const used = async () => (await insightsOf("psy")).find((found) => found.id === "ins_used")?.outcomes;

    expect(await (await feedback(id, { outcome: "sent" })).json()).toEqual({ jobId: id, outcome: "sent" });
    const learned = { text: "the draft", data: { reply: "the draft" }, source: "feedback", confidence: 0.7 };
    expect(await example()).toEqual([learned]);
    expect(await used()).toEqual({ good: 1, bad: 0 });

    const text = "yes Ferdinand! all summer";
    expect((await feedback(id, { outcome: "edited", text, amountUsd: "12.50" })).status).toBe(200);
    const reply = "yes […]! all summer";
    expect(await example()).toEqual([{ ...learned, text: reply, data: { reply }, confidence: 0.9 }]);
    expect(await used()).toEqual({ good: 0, bad: 1 });
    expect(await prisma.feedback.findMany({ where: { jobId: id } })).toMatchObject([
      { outcome: "edited", text },
    ]);

    await feedback(id, { outcome: "rejected" });
    expect(await example()).toEqual([]);
    expect(await prisma.feedback.findMany({ where: { jobId: id } })).toMatchObject([
      { outcome: "rejected", text: null, amountUsd: null },
    ]);
    const outcomes = await prisma.insightOutcome.findMany({ where: { jobId: id } });
    expect(outcomes).toMatchObject([{ insightId: "ins_used", outcome: "rejected" }]);
  });

  it("is refused for what has no result, and where it is not valid", async () => {
    await stack.request("POST", "/api/ai/creators/other/pause");
    const id = await stack.submit("messaging", {
      creatorId: "other",
      input: { fanId: "fan", message: "hi" },
    });
    expect(await problemOf(await feedback(id, { outcome: "sent" }))).toMatchObject({
      status: 409,
      code: "job_not_completed",
      jobStatus: "queued",
    });
    await stack.request("POST", "/api/ai/creators/other/resume");
    expect(await problemOf(await feedback("job_none", { outcome: "sent" }))).toMatchObject({
      code: "job_not_found",
    });
    expect(await problemOf(await feedback("%00", { outcome: "sent" }))).toMatchObject({
      code: "job_not_found",
    });
    for (const body of [{ outcome: "edited" }, { outcome: "liked" }, { outcome: "sent", more: 1 }]) {
      expect(await problemOf(await feedback(id, body))).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    }
  });
});

describe("insights", () => {
  it("are listed page by page, the creator's own or everyone's, and deleted", async () => {
    const hour = 3_600_000;
    const at = (hours: number) => ({ createdAt: new Date(Date.now() - hours * hour) });
    await learn("mia", "ins_a", { ...at(1), fanId: "fan_1", data: { n: 1 } });
    await learn("mia", "ins_b", { ...at(30 * 24), type: "price", confidence: 1 });
    await learn("mia", "ins_c", { ...at(3), expiresAt: new Date(Date.now() + hour) });
    await learn("mia", "ins_d", { expiresAt: new Date(Date.now() - hour) });
    await learn(null, "ins_e");
    const ids = async (query: string) => (await insightsOf("mia", query)).map(({ id }) => id);
    expect(await ids("")).toEqual(["ins_a", "ins_c", "ins_b"]);
    expect(await ids("?scope=everyone")).toContain("ins_e");
    expect(await ids("?type=price")).toEqual(["ins_b"]);
    expect(await ids("?fanId=fan_1")).toEqual(["ins_a"]);
    for (const item of await insightsOf("mia")) insight.parse(item);
    expect((await insightsOf("mia", "?type=price"))[0]?.confidence).toBeCloseTo(0.8, 2);

    const first = await stack.request("GET", "/api/ai/creators/mia/insights?limit=2");
    const { items, nextCursor } = (await first.json()) as { items: Insight[]; nextCursor: string };
    expect(items.map(({ id }) => id)).toEqual(["ins_a", "ins_c"]);
    expect(await ids(`?limit=2&cursor=${nextCursor}`)).toEqual(["ins_b"]);

    const remove = (creatorId: string, id: string) =>
      stack.request("DELETE", `/api/ai/creators/${creatorId}/insights/${id}`);
    expect(await problemOf(await remove("psy", "ins_a"))).toMatchObject({
      status: 404,
      code: "insight_not_found",
    });
    expect(await problemOf(await remove("mia", "ins_e"))).toMatchObject({ status: 404 });
    expect(await problemOf(await remove("mia", "%00"))).toMatchObject({ status: 404 });
    expect((await remove("mia", "ins_a")).status).toBe(204);
    expect(await problemOf(await remove("mia", "ins_a"))).toMatchObject({ status: 404 });
    const nobody = await stack.request("GET", "/api/ai/creators/nobody/insights");
    expect(await problemOf(nobody)).toMatchObject({ status: 404, code: "creator_not_found" });
  });
});

describe("style", () => {
  it("of ten edited replies stands in the next prompt, for another fan, without the fans", async () => {
    const creatorId = "stylist";
    const edits = Array.from(
      { length: 10 },
      (_, n) => `so happy you wrote, number ${n} is near 🦋 xoxo, Mia`,
    );
    for (const [n, text] of edits.entries()) {
      const { id } = await ended(creatorId, `fan_${n}`, `Is show quxword${n} near me?`);
      expect((await feedback(id, { outcome: "edited", text })).status).toBe(200);
    }
    const { id } = await ended(creatorId, "fan_new", "Will you come to my city?");
    const prompts = await promptsOf(id);
    const shown = edits.filter((text) => prompts.includes(text));
    expect(shown.length).toBeGreaterThanOrEqual(3);
    expect(prompts).not.toContain("quxword");
    expect(prompts).not.toMatch(/fan_\d/);
  });
});

describe("erasure", () => {
  it("answers an unknown creator with 404, and a fan that nobody knows with zeros", async () => {
    const nobody = await stack.request("DELETE", "/api/ai/creators/nobody/fans/fan");
    expect(await problemOf(nobody)).toMatchObject({ status: 404, code: "creator_not_found" });
    const erased = (await (
      await stack.request("DELETE", "/api/ai/creators/mia/fans/fan")
    ).json()) as ErasedFan;
    expect(erased).toEqual({
      creatorId: "mia",
      fanId: "fan",
      jobs: 0,
      cancelled: 0,
      steps: 0,
      insights: 0,
      feedback: 0,
      events: 0,
      streams: 0,
      memory: false,
    });
  });
});
