import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Statement } from "@understudy/database";
import { JobDatabase, time } from "../../../../packages/jobs/test/job-database.ts";
import { deleteOld } from "../../src/retention/delete-old.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(async () => {
  await jobs.clear();
  await database.prisma.webhookEndpoint.deleteMany();
});

const days = 30;
const ms = 0.001;

/** So many seconds before what is kept begins: 0 is the very edge, and still kept. */
const before = (seconds: number) => time(-days * 86_400 - seconds);

async function event(id: string, createdAt: Date, publishedAt: Date | null = createdAt) {
  await database.prisma.outbox.create({
    data: { id, type: "quota.threshold", payload: {}, createdAt, publishedAt },
  });
}

async function delivery(
  eventId: string,
  status: "pending" | "delivered" | "failed",
  deliveredAt: Date | null = null,
  endpointId = "end_1",
) {
  const id = `dlv_${eventId}_${endpointId}`;
  const data = { id, endpointId, eventId, type: "quota.threshold", status, deliveredAt };
  await database.prisma.delivery.create({ data });
  await database.prisma.deliveryTry.create({ data: { deliveryId: id, generation: 1, number: 1, ms: 5 } });
}

async function endpoint(id: string, deletedAt: Date | null) {
  const secret = { secret: Buffer.from("x"), secretKeyId: "k" };
  const data = { id, url: "https://app.example", events: ["quota.threshold"], deletedAt, ...secret };
  await database.prisma.webhookEndpoint.create({ data });
}

async function key(ownerId: string, text: string, expiresAt: Date) {
  await database.prisma.idempotencyRecord.create({
    data: { ownerId, key: text, fingerprint: "f", jobId: "job_1", expiresAt },
  });
}

const counts = (limit = 10, on = database) => deleteOld(on, days, limit);

const idsOf = async (rows: Promise<{ id: string }[]>) => (await rows).map(({ id }) => id).toSorted();
const events = () => idsOf(database.prisma.outbox.findMany());
const endpoints = () => idsOf(database.prisma.webhookEndpoint.findMany());
const keys = async () =>
  (await database.prisma.idempotencyRecord.findMany())
    .map(({ ownerId, key }) => `${ownerId} ${key}`)
    .toSorted();

describe("an event", () => {
  beforeEach(async () => {
    for (const id of ["end_1", "end_2"]) await endpoint(id, null);
  });

  it("is deleted once it is old, to the millisecond, with its deliveries and tries", async () => {
    await event("evt_old", before(ms));
    await delivery("evt_old", "delivered", before(ms));
    await delivery("evt_old", "failed", null, "end_2");
    await event("evt_unheard", before(1));
    await event("evt_edge", before(0));
    await delivery("evt_edge", "delivered", before(ms));
    expect(await counts()).toEqual({ events: 2, endpoints: 0, idempotencyKeys: 0, sessions: 0 });
    expect(await events()).toEqual(["evt_edge"]);
    expect(await idsOf(database.prisma.delivery.findMany())).toEqual(["dlv_evt_edge_end_1"]);
    expect(await database.prisma.deliveryTry.count()).toBe(1);
  });

  it("is kept while somebody has still to be told of it, or was not long ago", async () => {
    await event("evt_unpublished", before(9), null);
    await event("evt_pending", before(9));
    await delivery("evt_pending", "delivered", before(8));
    await delivery("evt_pending", "pending", null, "end_2");
    await event("evt_replayed", before(9));
    await delivery("evt_replayed", "delivered", before(0));
    await delivery("evt_replayed", "failed", null, "end_2");
    expect(await counts()).toEqual({ events: 0, endpoints: 0, idempotencyKeys: 0, sessions: 0 });
    expect(await events()).toEqual(["evt_pending", "evt_replayed", "evt_unpublished"]);
  });

  it("is deleted in its turn, the oldest first, so many at a time", async () => {
    for (const [name, age] of [...Object.entries({ a: 2, b: 4, c: 1, d: 3 })])
      await event(`evt_${name}`, before(age));
    expect(await counts(2)).toMatchObject({ events: 2 });
    expect(await events()).toEqual(["evt_a", "evt_c"]);
    expect(await counts(1)).toMatchObject({ events: 1 });
    expect(await events()).toEqual(["evt_c"]);
  });
});

describe("an endpoint that was taken away", () => {
  it("is deleted once that is long ago, to the millisecond, and nothing is kept of it", async () => {
    await endpoint("end_old", before(ms));
    await endpoint("end_edge", before(0));
    await endpoint("end_there", null);
    await endpoint("end_told", before(9));
    await event("evt_1", before(0));
    await delivery("evt_1", "delivered", before(0), "end_told");
    expect(await counts()).toMatchObject({ endpoints: 1 });
    expect(await endpoints()).toEqual(["end_edge", "end_there", "end_told"]);
  });

  it("is one of so many at a time", async () => {
    for (const id of ["end_1", "end_2", "end_3"]) await endpoint(id, before(1));
    expect(await counts(2)).toMatchObject({ endpoints: 2 });
    expect(await counts(2)).toMatchObject({ endpoints: 1 });
  });
});

describe("an idempotency key", () => {
  beforeEach(async () => {
    await jobs.job({ id: "job_1" });
  });

  it("is deleted once it counts no more, to the millisecond, and its job is not", async () => {
    await key("admin", "a", time(0));
    await key("admin", "b", time(ms));
    expect(await counts()).toMatchObject({ idempotencyKeys: 1, sessions: 0 });
    expect(await keys()).toEqual(["admin b"]);
    expect(await database.prisma.job.count()).toBe(1);
  });

  it("is deleted in its turn, the oldest first, so many at a time; others with its owner or text are not", async () => {
    await key("admin", "a", time(-2));
    await key("admin", "b", time(-4));
    await key("key_1", "b", time(-1));
    await key("key_1", "a", time(-3));
    expect(await counts(1)).toMatchObject({ idempotencyKeys: 1, sessions: 0 });
    expect(await keys()).toEqual(["admin a", "key_1 a", "key_1 b"]);
    expect(await counts(2)).toMatchObject({ idempotencyKeys: 2, sessions: 0 });
    expect(await keys()).toEqual(["key_1 b"]);
  });
});

it("sessions are deleted that are over, or that nothing came from for a day", async () => {
  const session = (id: string, lastSeenAt: Date, expiresAt: Date) =>
    database.prisma.session.create({
      data: {
        ...{ id, lastSeenAt, expiresAt, secretMark: "m", address: "", userAgent: "" },
        tokenHash: Buffer.from(id),
      },
    });
  await database.prisma.session.deleteMany();
  await session("ses_good", time(-86_399), time(60));
  await session("ses_idle", time(-86_401), time(60));
  await session("ses_over", time(-1), time(-1));
  expect(await counts(1)).toMatchObject({ sessions: 1 });
  expect(await counts()).toMatchObject({ sessions: 1 });
  expect(await idsOf(database.prisma.session.findMany())).toEqual(["ses_good"]);
});

it("several workers at once share the work: none waits for what another deletes", async () => {
  await jobs.job({ id: "job_1" });
  const lock: Statement = {
    name: "test-lock-old",
    text: `WITH event AS (SELECT FROM "Outbox" WHERE "id" = ($1::jsonb -> 0 ->> 'event') FOR UPDATE),
        endpoint AS (SELECT FROM "WebhookEndpoint" WHERE "id" = ($1::jsonb -> 0 ->> 'endpoint') FOR UPDATE),
        record AS (SELECT FROM "IdempotencyRecord" WHERE "key" = ($1::jsonb -> 0 ->> 'key') FOR UPDATE)
      SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM endpoint) + (SELECT count(*) FROM record) AS "locked"`,
  };
  for (const n of [1, 2]) {
    await event(`evt_${n}`, before(9 - n));
    await endpoint(`end_${n}`, before(9 - n));
    await key("admin", `key ${n}`, time(n - 9));
  }
  const deleted = await jobs.beside(
    (open) => open.execute(lock, [{ event: "evt_1", endpoint: "end_1", key: "key 1" }]),
    () => counts(),
  );
  expect(deleted).toEqual({ events: 1, endpoints: 1, idempotencyKeys: 1, sessions: 0 });
  expect([await events(), await endpoints(), await keys()]).toEqual([["evt_1"], ["end_1"], ["admin key 1"]]);
});
