import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { type PlanNode, type PlannedStatement, planStatement, tooMuchLookedAt } from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";

/** How Postgres goes about each statement of a delivery's life, where many were delivered and wait. */

const { url, database } = await openSuiteDatabase();
const deliveredMany = 20_000;
const many = 1_000;
const endpoints = 100;

const tried = { generation: 1, tries: 0 };
const record = {
  ...{ ...tried, ms: 1, outcome: "delivered", gone: false, isTest: false, disableAfterSeconds: 1 },
  at: "2026-11-01T00:00:00Z",
};
const cases: [name: string, itemsOf: (count: number) => object[]][] = [
  ["record-tries", (count) => pending(count).map((id) => ({ ...record, id }))],
  ["publish-events", (limit) => [{ limit }]],
  // For each endpoint one at least.
  [
    "claim-deliveries",
    (limit) => [{ limit, perEndpoint: Math.ceil(limit / endpoints), perFailing: 1, leaseSeconds: 20 }],
  ],
  ["give-back-deliveries", (count) => pending(count).map((id) => ({ ...tried, id }))],
  ["pending-deliveries", () => [{ id: "end_1" }]],
  ["replay-delivery", () => [{ id: "dlv_delivered1" }]],
];

function pending(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `dlv_pending${place + 1}`);
}

const statements = cases.map(([name]) => loadStatement(new URL(`../src/${name}.sql`, import.meta.url)));

/** Planned while there was nothing, and not since. */
const early = new Map<string, PlannedStatement>();

beforeAll(async () => {
  for (const statement of statements) early.set(statement.name, await plan(statement.name));
  const secret = { secret: Buffer.from("sealed"), secretKeyId: "k1" };
  await database.prisma.creator.create({ data: { id: "c" } });
  await database.prisma.webhookEndpoint.createMany({
    data: Array.from({ length: endpoints }, (_, place) => ({
      ...{ id: `end_${place + 1}`, url: "https://a.test", creatorIds: [], ...secret },
      events: place === 0 ? ["job.completed"] : [],
    })),
  });
  for (const [state, count] of [
    ["delivered", deliveredMany],
    ["pending", many],
    ["new", many],
  ] as const) {
    await database.prisma.$executeRaw`
      INSERT INTO "Outbox" ("id", "type", "creatorId", "payload", "publishedAt")
      SELECT 'evt_' || ${state} || n, 'job.completed', 'c', '{}', CASE WHEN ${state} <> 'new' THEN now() END
      FROM generate_series(1, ${count}::int) AS n`;
    if (state === "new") continue;
    await database.prisma.$executeRaw`
      INSERT INTO "Delivery" ("id", "endpointId", "eventId", "type", "creatorId", "status", "nextTryAt", "deliveredAt")
      SELECT 'dlv_' || ${state} || n, 'end_' || 1 + n % ${endpoints}::int, 'evt_' || ${state} || n, 'job.completed', 'c', ${state}::"DeliveryStatus",
        CASE WHEN ${state} = 'pending' THEN now() - interval '1 minute' END,
        CASE WHEN ${state} = 'delivered' THEN now() END
      FROM generate_series(1, ${count}::int) AS n`;
  }
});

async function plan(name: string): Promise<PlannedStatement> {
  const planned = await planStatement(url, loadStatement(new URL(`../src/${name}.sql`, import.meta.url)));
  afterSuite(planned.close);
  return planned;
}

/** For each item so many rows at most, in all parts of a plan together. Endpoints are few, and looked through. */
const rowsMax = (items: number) => 25 * (items + 1);
const ofMany = ({ of }: PlanNode) => ["Delivery", "DeliveryTry", "Outbox", "JobRecord"].includes(of ?? "");

describe.each(cases)("%s", (name, itemsOf) => {
  it.each([1, many])(
    "looks at none but its %i deliveries, by a plan from before there were any",
    async (count) => {
      const parts = await early.get(name)?.run(itemsOf(count));
      expect(
        tooMuchLookedAt(
          (parts ?? []).filter(ofMany),
          rowsMax(name === "claim-deliveries" ? count + endpoints : count),
        ),
      ).toEqual([]);
    },
  );

  it.each([1, many])("looks at none but its %i deliveries, by a plan from now", async (count) => {
    await database.prisma.$executeRaw`ANALYZE "Outbox", "Delivery", "WebhookEndpoint", "JobRecord"`;
    const planned = await plan(name);
    expect(
      tooMuchLookedAt(
        (await planned.run(itemsOf(count))).filter(ofMany),
        rowsMax(name === "claim-deliveries" ? count + endpoints : count),
      ),
    ).toEqual([]);
  });
});
