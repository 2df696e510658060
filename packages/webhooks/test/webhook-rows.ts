import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import { type Database, openDatabase, type Prisma } from "@understudy/database";
import { createTestDatabase, eventually, type TestDatabase } from "@understudy/testkit";
import pg from "pg";

let testDatabase: TestDatabase;

/** Of the suite; empty before each test. */
export let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 4);
  await database.prisma.creator.createMany({ data: [{ id: "psy" }, { id: "eminem" }] });
});

export const databaseUrl = () => testDatabase.url;

afterEach(async () => {
  const { prisma } = database;
  await prisma.webhookEndpoint.deleteMany();
  await prisma.outbox.deleteMany();
  await prisma.job.deleteMany();
  await prisma.alert.deleteMany();
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

let now: number;

beforeEach(() => {
  now = Date.now();
});

/** By the time when the test began, so that what is written later does not lie later. */
export const secondsAgo = (seconds: number) => new Date(now - seconds * 1_000);

/** An endpoint that hears of the ends of all jobs that are completed, unless told otherwise. */
export async function endpoint(
  id: string,
  more: Partial<Prisma.WebhookEndpointCreateManyInput> = {},
): Promise<void> {
  const secret = { secret: Buffer.from(`sealed ${id}`), secretKeyId: "k1" };
  const heard = { events: ["job.completed"], creatorIds: [] };
  const data = { id, url: `https://${id}.test/hook`, ...heard, ...secret, ...more };
  await database.prisma.webhookEndpoint.create({ data });
}

/** An event about a creator that is in the outbox since `age` seconds. */
export async function event(
  id: string,
  age: number,
  more: Partial<Prisma.OutboxCreateManyInput> = {},
): Promise<void> {
  const told = more.jobId ? {} : { payload: {} };
  const data = { id, type: "job.completed", creatorId: "psy", createdAt: secondsAgo(age), ...told, ...more };
  await database.prisma.outbox.create({ data });
}

/** A delivery of an event of its own, which was published. Its id is `dlv_` and that of the event without `evt_`. */
export async function delivery(
  name: string,
  endpointId: string,
  {
    event: eventMore = {},
    ...more
  }: Partial<Prisma.DeliveryCreateManyInput> & {
    event?: Partial<Prisma.OutboxCreateManyInput>;
  } = {},
): Promise<string> {
  await event(`evt_${name}`, 60, { publishedAt: secondsAgo(60), ...eventMore });
  const { type = "job.completed", creatorId = "psy" } = eventMore;
  const id = `dlv_${name}`;
  const own = { id, endpointId, eventId: `evt_${name}`, type, creatorId };
  await database.prisma.delivery.create({ data: { ...own, nextTryAt: secondsAgo(1), ...more } });
  return id;
}

export async function job(id: string, more: Partial<Prisma.JobCreateManyInput> = {}): Promise<void> {
  const data = { id, agent: "test", creatorId: "psy", feature: "f", model: "m", input: {}, ...more };
  await database.prisma.job.create({ data });
}

export const deliveryRow = (id: string) => database.prisma.delivery.findUniqueOrThrow({ where: { id } });
export const endpointRow = (id: string) =>
  database.prisma.webhookEndpoint.findUniqueOrThrow({ where: { id } });

/** All deliveries, as `endpoint ← event`. */
export async function delivered(): Promise<string[]> {
  const rows = await database.prisma.delivery.findMany();
  return rows.map(({ endpointId, eventId }) => `${endpointId} ← ${eventId}`).sort();
}

/** Runs something while another session keeps what `query` has locked. Whoever waits for it fails after some seconds. */
export async function whileHeld<Result>(query: string, run: () => Promise<Result>): Promise<Result> {
  return inSession(async (client) => {
    await client.query(query);
    return await run();
  });
}

/** Begins something that has to wait for what another session has changed, which is committed then. */
export async function behindChange<Result>(change: string, run: () => Promise<Result>): Promise<Result> {
  return inSession(async (client) => {
    await client.query(change);
    const running = run();
    running.catch(() => {});
    await untilSomeoneWaits(client);
    await client.query("COMMIT");
    return await running;
  });
}

/** Until another session of this database waits for a lock. */
export async function untilSomeoneWaits(client: pg.Client): Promise<void> {
  const waiting =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await eventually(async () => expect((await client.query(waiting)).rowCount).toBe(1), 5_000);
}

/** In a transaction of its own, which comes to nothing unless it is committed in there. */
export async function inSession<Result>(run: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: testDatabase.url });
  await client.connect();
  try {
    await client.query("BEGIN");
    return await run(client);
  } finally {
    await client.end();
  }
}
