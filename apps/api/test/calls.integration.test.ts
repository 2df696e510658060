import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call } from "@understudy/contracts";
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
