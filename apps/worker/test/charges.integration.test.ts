import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { resolveUnknownCall } from "@understudy/ledger";
import { connectRedis } from "@understudy/queues";
import { createPastCalls, eventually, pastMonth, type Stack, startStack } from "@understudy/testkit";

let stack: Stack;

beforeEach(async () => {
  stack = await startStack({ workers: 0 });
});

afterEach(() => stack.stop());

const charges = (month: string) =>
  stack.database.prisma.monthlyCharge.count({ where: { month: new Date(`${month}-01`), status: "closed" } });

it("closes past months by itself, and has its scheduler back after Redis was wiped", async () => {
  const [first, second] = [pastMonth(2), pastMonth(1)];
  await createPastCalls(stack.database, { month: first, creators: 10, calls: 100 });
  const [open] = await createPastCalls(stack.database, {
    month: second,
    creators: 1,
    calls: 1,
    status: "started",
  });
  // Its answer was lost: the reconciler gives it up once its deadline has passed.
  await stack.addWorker();
  await eventually(async () => {
    expect(await charges(first)).toBe(10);
    expect(await charges(second)).toBe(9);
  });
  expect(await stack.database.prisma.closedMonth.count()).toBe(1);

  // It can be closed now, but the next tick would come only within the minute: a new scheduler's comes at once.
  await stack.database.prisma.usageLog.update({
    where: { id: open?.id ?? "" },
    data: { deadlineAt: new Date(0) },
  });
  await eventually(async () =>
    expect(await stack.database.prisma.usageLog.count({ where: { status: "unknown" } })).toBe(1),
  );
  const redis = connectRedis(stack.redis.url, "consumer");
  await redis.flushall();
  await eventually(async () => {
    expect(await redis.zcard("{charges}:charges:repeat")).toBe(1);
    expect(await charges(second)).toBe(10);
    expect(await stack.database.prisma.closedMonth.count()).toBe(2);
  }, 90_000);
  redis.disconnect();
  expect(await stack.database.prisma.outbox.count({ where: { type: "charge.closed" } })).toBe(20);

  // What the lost call did cost is charged with the current month.
  await resolveUnknownCall(stack.database, open?.id ?? "", { costUsd: "0.2" });
  const response = await stack.request("GET", "/api/ai/admin/charges?creatorId=creator_1");
  expect(await response.json()).toMatchObject({
    items: [{ status: "draft", adjustments: [{ amountUsd: "0.2", originMonth: second }], amountUsd: "0.2" }],
  });
});

it("closed by two workers and the route at once: each charge is told of once", async () => {
  const month = pastMonth(1);
  await createPastCalls(stack.database, { month, creators: 500, calls: 1_000 });
  await Promise.all([stack.addWorker(), stack.addWorker()]);
  const close = () => stack.request("POST", `/api/ai/admin/charges/${month}/close`);
  const answers = await Promise.all([close(), close(), close()]);
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    const result = (await answer.json()) as { closed: number; alreadyClosed: number };
    expect(result).toMatchObject({ notYet: [], notYetCount: 0 });
    expect(result.closed + result.alreadyClosed).toBe(500);
  }
  expect(await charges(month)).toBe(500);
  const events = await stack.database.prisma.outbox.findMany({ where: { type: "charge.closed" } });
  expect(new Set(events.map((event) => event.creatorId)).size).toBe(500);
  expect(events).toHaveLength(500);
});
