import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call, Scope } from "@understudy/contracts";
import { createUnknownCall, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

const lostCall = () => createUnknownCall(stack.database, { creatorId: "psy", holdUsd: "0.5" });
const settle = (id: string, body: unknown) => stack.request("POST", `/api/ai/admin/calls/${id}/settle`, body);
const explain = (id: string) => stack.request("GET", `/api/ai/admin/calls/${id}/explain`);

/** The call as the list shows it. */
async function listed(id: string): Promise<Call | undefined> {
  const response = await stack.request("GET", "/api/ai/admin/calls?creatorId=psy&limit=1000");
  return ((await response.json()) as { items: Call[] }).items.find((call) => call.id === id);
}

describe("a call whose answer was lost", () => {
  it("is settled at what the operator says, again with the same answer", async () => {
    const id = await lostCall();
    expect(await (await explain(id)).json()).toMatchObject({ lines: [], totalUsd: "0", unknownUsd: "0.5" });

    const first = await settle(id, { costUsd: "0.125" });
    expect(first.status).toBe(200);
    const call = await first.json();
    expect(call).toMatchObject({
      id,
      status: "settled",
      costUsd: "0.125",
      unknownUsd: "0",
      byOperator: true,
    });
    expect(call).toEqual(await listed(id));
    const second = await settle(id, { costUsd: "0.1250" });
    expect([second.status, await second.json()]).toEqual([200, call]);
    expect(await (await explain(id)).json()).toMatchObject({
      callId: id,
      status: "settled",
      lines: [{ usd: "0.125", source: "operator", tokens: null }],
      totalUsd: "0.125",
    });
  });

  it("is written off, again with the same answer", async () => {
    const id = await lostCall();
    const first = await settle(id, { writeOff: true });
    const call = await first.json();
    expect(call).toMatchObject({
      status: "released",
      costUsd: "0",
      errorCode: "written_off",
      byOperator: true,
    });
    const second = await settle(id, { writeOff: true });
    expect([second.status, await second.json()]).toEqual([200, call]);
  });

  it("is not settled otherwise once that is done", async () => {
    const id = await lostCall();
    await settle(id, { writeOff: true });
    expect(await problemOf(await settle(id, { costUsd: "0.1" }))).toMatchObject({
      status: 409,
      code: "call_not_unknown",
      callStatus: "released",
      retryable: false,
    });
  });

  it.each([
    ["nothing", {}, "#"],
    ["both", { costUsd: "0.1", writeOff: true }, "#"],
    ["a number", { costUsd: 0.1 }, "#/costUsd"],
    ["a negative cost", { costUsd: "-0.1" }, "#/costUsd"],
    ["a cost finer than a picodollar", { costUsd: "0.0000000000001" }, "#/costUsd"],
    ["a million", { costUsd: "1000000" }, "#/costUsd"],
    ["no write-off", { writeOff: false }, "#/writeOff"],
    ["an unknown field", { costUsd: "0.1", reason: "?" }, "#/reason"],
    ["no object", [], "#"],
  ])("is not settled by %s", async (_name, body, pointer) => {
    const id = await lostCall();
    expect(await problemOf(await settle(id, body))).toMatchObject({
      status: 400,
      code: "invalid_request",
      errors: [{ pointer }],
    });
    expect(await listed(id)).toMatchObject({ status: "unknown", unknownUsd: "0.5" });
  });
});

describe("what the provider said of a call", () => {
  const providerMessage = "Quota 100% of model_x is used up.";
  const providerWords = { reason: "RATE_LIMIT_EXCEEDED", quota: ["per-day"], requestId: "r1" };
  let id: string;
  let bystander: string;

  beforeAll(async () => {
    id = await lostCall();
    bystander = await lostCall();
    await stack.database.prisma.usageLog.update({
      where: { id },
      data: { providerMessage, providerWords },
    });
  });

  const keyWith = async (...scopes: Scope[]) => {
    const answer = await stack.request("POST", "/api/ai/admin/keys", { name: scopes.join(), scopes });
    return { authorization: `Bearer ${((await answer.json()) as { key: string }).key}` };
  };
  const find = async (query: Record<string, string>, headers?: Record<string, string>) => {
    const path = `/api/ai/admin/calls?${new URLSearchParams({ limit: "1000", ...query })}`;
    const response = await stack.request("GET", path, undefined, headers);
    return ((await response.json()) as { items: Call[] }).items;
  };

  it("is shown with admin or jobs:content, and left out without", async () => {
    const told = { id, providerMessage, providerWords };
    for (const headers of [undefined, await keyWith("costs:read", "jobs:content")]) {
      const items = await find({}, headers);
      expect(items).toContainEqual(expect.objectContaining(told));
      expect(Object.keys(items.find((call) => call.id === bystander) ?? {})).not.toContain("providerMessage");
    }
    const items = await find({}, await keyWith("costs:read", "jobs:read"));
    const names = Object.keys(items.find((call) => call.id === id) ?? {});
    expect(names).toContain("errorCode");
    expect(names).not.toContain("providerMessage");
    expect(names).not.toContain("providerWords");
  });

  it("is searched for as it stands, with the same scope alone", async () => {
    const ids = async (words: string) => (await find({ providerMessage: words })).map((call) => call.id);
    expect(await ids("100% of model_x")).toEqual([id]);
    expect(await ids("100% used")).toEqual([]);
    expect(await ids("model%used")).toEqual([]);
    const path = "/api/ai/admin/calls?providerMessage=Quota";
    const refused = await stack.request("GET", path, undefined, await keyWith("costs:read"));
    expect(await problemOf(refused)).toMatchObject({
      status: 403,
      code: "forbidden_scope",
      scope: "jobs:content",
    });
  });

  it("stands in the story of its job, and in the answer of who settles it", async () => {
    const { jobId } = await stack.database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
    const story = await stack.request("GET", `/api/ai/admin/jobs/${jobId}`);
    expect(await story.json()).toMatchObject({ calls: [{ id, providerMessage, providerWords }] });
    const settled = await settle(id, { writeOff: true });
    expect(await settled.json()).toMatchObject({ providerMessage, providerWords });
  });
});

describe("other calls", () => {
  it("are settled by their answers alone", async () => {
    const id = await lostCall();
    const { usageLog } = stack.database.prisma;
    await usageLog.update({ where: { id }, data: { status: "started", settledAt: null } });
    expect(await problemOf(await settle(id, { costUsd: "0.1" }))).toMatchObject({
      status: 409,
      callStatus: "started",
    });
    await usageLog.update({
      where: { id },
      data: { status: "settled", settledAt: new Date(), costUsd: "0.1" },
    });
    expect(await problemOf(await settle(id, { costUsd: "0.1" }))).toMatchObject({
      status: 409,
      callStatus: "settled",
      costUsd: "0.1",
    });
  });

  it.each(["call_none", "job_1", "call_%00", `call_${"a".repeat(100)}`])(
    "named %s are not found",
    async (id) => {
      const notFound = { status: 404, code: "call_not_found" };
      expect(await problemOf(await explain(id))).toMatchObject(notFound);
      expect(await problemOf(await settle(id, { writeOff: true }))).toMatchObject(notFound);
    },
  );
});
