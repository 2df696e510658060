import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Charge, charge as chargeSchema } from "@understudy/contracts";
import { sumUsd } from "@understudy/ledger";
import { createPastCalls, pastMonth, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;
const last = pastMonth(1);

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  // As if these terms had been in force ever since.
  await stack.database.prisma.plan.update({
    where: { name: "pro" },
    data: { priceUsd: "29.9", usage: "included" },
  });
  await stack.database.prisma.planHistory.deleteMany();
  await createPastCalls(stack.database, { month: last, creators: 25, calls: 500 });
  await createPastCalls(stack.database, {
    month: last,
    creators: 5,
    calls: 50,
    prefix: "-cmd_",
    plan: "pro",
  });
  await createPastCalls(stack.database, {
    month: last,
    creators: 1,
    calls: 1,
    prefix: "open_",
    status: "started",
  });
});

afterAll(() => stack.stop());

async function list(query: string): Promise<{ items: Charge[]; nextCursor?: string }> {
  return (await stack.request("GET", `/api/ai/admin/charges?${query}`)).json() as never;
}

async function csv(query: string): Promise<Record<string, string>[]> {
  const response = await stack.request("GET", `/api/ai/admin/charges?${query}`, undefined, {
    accept: "text/csv",
  });
  expect(response.headers.get("content-type")).toContain("text/csv");
  // No cell of these has a comma.
  const [names = [], ...lines] = (await response.text())
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""])));
}

const sums = [
  "planPriceUsd",
  "costUsd",
  "roundedUsd",
  "adjustmentsUsd",
  "amountUsd",
  "tokensInput",
  "tokensOutput",
];

describe("charges", () => {
  it("are drafts before the month is closed, and what was told after", async () => {
    const draft = (await list(`month=${last}&creatorId=creator_2`)).items;
    expect(draft).toMatchObject([{ creatorId: "creator_2", month: last, status: "draft", plan: "business" }]);
    expect(chargeSchema.parse(draft[0])).toEqual(draft[0]);
    const response = await stack.request("POST", `/api/ai/admin/charges/${last}/close`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      closed: 30,
      alreadyClosed: 0,
      notYet: [{ creatorId: "open_1", reason: "calls are open: holds are not settled yet" }],
      notYetCount: 1,
    });
    const closed = (await list(`month=${last}&creatorId=creator_2`)).items;
    expect(closed).toEqual([{ ...draft[0], status: "closed", closedAt: expect.any(String) }]);
    const told = await stack.database.prisma.outbox.findMany({
      where: { type: "charge.closed", creatorId: "creator_2" },
    });
    expect(told.map((event) => event.payload)).toEqual(closed);
  });

  it("come in pages, each creator once", async () => {
    const found: Charge[] = [];
    let cursor = "";
    do {
      const page = await list(`month=${last}&limit=4${cursor && `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(4);
      found.push(...page.items);
      cursor = page.nextCursor ?? "";
    } while (cursor !== "");
    expect(new Set(found.map((item) => item.creatorId)).size).toBe(31);
    expect(found).toEqual((await list(`month=${last}&limit=1000`)).items);
  });

  it("are of the current month by default", async () => {
    const { items } = await list("limit=1000");
    expect(items).toHaveLength(31);
    expect(new Set(items.map((item) => `${item.month} ${item.status}`))).toEqual(
      new Set([`${pastMonth(0)} draft`]),
    );
  });

  it("as CSV add up to their total, without a cell that a spreadsheet would run", async () => {
    const lines = await csv(`month=${last}`);
    const total = lines.pop();
    expect(lines).toHaveLength(31);
    expect(total).toMatchObject({ creatorId: "total", month: last, status: "", plan: "", usage: "" });
    for (const column of sums) {
      const sum = sumUsd(lines.map((line) => line[column] ?? ""));
      expect(`${column} ${sum.toFixed()}`).toBe(`${column} ${total?.[column]}`);
    }
    for (const line of lines) {
      const { planPriceUsd = "", roundedUsd = "", adjustmentsUsd = "", amountUsd = "" } = line;
      const billed = line.usage === "billed" ? roundedUsd : "0";
      expect(sumUsd([planPriceUsd, billed, adjustmentsUsd]).toFixed()).toBe(amountUsd);
    }
    expect(lines.filter((line) => line.creatorId?.startsWith("'-cmd_"))).toHaveLength(5);
    expect(lines.map((line) => line.status).sort()).toEqual([...Array(30).fill("closed"), "draft"]);
    expect(total?.planPriceUsd).toBe("149.5");
    expect(Number(total?.amountUsd)).toBeGreaterThan(149.5);
  });

  it("as CSV have their last line also where nobody takes part", async () => {
    expect(await csv("month=2024-02")).toMatchObject([
      { creatorId: "total", month: "2024-02", amountUsd: "0" },
    ]);
  });

  it("of a month that is not over can't be closed", async () => {
    const response = await stack.request("POST", `/api/ai/admin/charges/${pastMonth(0)}/close`);
    expect(response.status).toBe(409);
    expect(await problemOf(response)).toMatchObject({
      code: "month_not_over",
      endsAt: `${pastMonth(-1)}-01T00:00:00.000Z`,
    });
  });

  it.each(["2026-13", "2026-1", "october", "0000-01", "2026-10-01"])(
    "of %s are no charges",
    async (month) => {
      const closing = await stack.request("POST", `/api/ai/admin/charges/${month}/close`);
      expect(closing.status).toBe(400);
      expect(await problemOf(closing)).toMatchObject({
        code: "invalid_request",
        errors: [{ pointer: "month" }],
      });
      expect((await stack.request("GET", `/api/ai/admin/charges?month=${month}`)).status).toBe(400);
    },
  );

  it("take no cursor of another list", async () => {
    const response = await stack.request("GET", "/api/ai/admin/charges?cursor=bm9uc2Vuc2U");
    expect(await problemOf(response)).toMatchObject({
      code: "invalid_request",
      errors: [{ pointer: "cursor" }],
    });
  });

  it("have their ticks in Bull Board", async () => {
    const signIn = await fetch(`${stack.url}/admin/sign-in`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ key: stack.adminKey }),
    });
    const cookie = signIn.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    const board = await fetch(`${stack.url}/admin/queues/api/queues`, { headers: { cookie } });
    const { queues } = (await board.json()) as { queues: { name: string; readOnlyMode: boolean }[] };
    expect(queues).toContainEqual(expect.objectContaining({ name: "charges", readOnlyMode: true }));
  });
});
