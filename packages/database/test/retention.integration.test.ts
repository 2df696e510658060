import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { createTestDatabase, type TestDatabase } from "@understudy/testkit";
import { type Database, deleteOld, openDatabase } from "../src/index.ts";

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 4);
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

async function event(id: string, age: number, publishedAt: Date | null = daysAgo(age)) {
  const data = { id, type: "quota.threshold", payload: {}, createdAt: daysAgo(age), publishedAt };
  await database.prisma.outbox.create({ data });
}

async function delivery(eventId: string, status: "pending" | "delivered" | "failed", deliveredAt?: Date) {
  const id = `dlv_${eventId}`;
  const data = {
    id,
    endpointId: "end_1",
    eventId,
    type: "quota.threshold",
    status,
    deliveredAt: deliveredAt ?? null,
  };
  await database.prisma.delivery.create({ data });
  await database.prisma.deliveryTry.create({ data: { deliveryId: id, generation: 1, number: 1, ms: 5 } });
}

function endpoint(id: string, deletedAt: Date | null) {
  const secret = { secret: Buffer.from("x"), secretKeyId: "k" };
  const data = { id, url: "https://app.example", events: ["quota.threshold"], deletedAt, ...secret };
  return database.prisma.webhookEndpoint.create({ data });
}

it("deletes what was told long ago, bit by bit, and nothing that somebody has still to hear", async () => {
  const { prisma } = database;
  await endpoint("end_1", null);
  await endpoint("end_gone", daysAgo(31));
  await endpoint("end_going", daysAgo(29));
  for (const n of [1, 2, 3]) {
    await event(`evt_old_${n}`, 40 + n);
    await delivery(`evt_old_${n}`, n === 3 ? "failed" : "delivered", daysAgo(40));
  }
  await event("evt_nobody", 40);
  await event("evt_pending", 50);
  await delivery("evt_pending", "pending");
  await event("evt_replayed", 50);
  await delivery("evt_replayed", "delivered", daysAgo(2));
  await event("evt_unpublished", 60, null);
  await event("evt_young", 29);
  await delivery("evt_young", "delivered", daysAgo(29));
  await prisma.creator.create({ data: { id: "psy" } });
  await prisma.job.create({
    data: { id: "job_1", agent: "test", creatorId: "psy", feature: "f", model: "m", input: {} },
  });
  const keys = [-1, 1].map((sign) => ({
    ownerId: "admin",
    key: `key ${sign}`,
    fingerprint: "f",
    jobId: "job_1",
    expiresAt: new Date(Date.now() + sign * 60_000),
  }));
  await prisma.idempotencyRecord.createMany({ data: keys });

  expect(await deleteOld(database, 30, 3)).toEqual({ events: 3, endpoints: 1, idempotencyKeys: 1 });
  expect(await deleteOld(database, 30, 3)).toEqual({ events: 1, endpoints: 0, idempotencyKeys: 0 });
  expect(await deleteOld(database, 30, 3)).toEqual({ events: 0, endpoints: 0, idempotencyKeys: 0 });

  const ids = async (rows: Promise<{ id: string }[]>) => (await rows).map(({ id }) => id).sort();
  const kept = ["evt_pending", "evt_replayed", "evt_unpublished", "evt_young"];
  expect(await ids(prisma.outbox.findMany())).toEqual(kept);
  expect(await ids(prisma.delivery.findMany())).toEqual([
    "dlv_evt_pending",
    "dlv_evt_replayed",
    "dlv_evt_young",
  ]);
  expect(await prisma.deliveryTry.count()).toBe(3);
  expect(await ids(prisma.webhookEndpoint.findMany())).toEqual(["end_1", "end_going"]);
  expect(await prisma.idempotencyRecord.findMany()).toMatchObject([{ key: "key 1" }]);
});
