import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { type Database, newId, openDatabase, type Prisma } from "@understudy/database";
import { type Logger, SecretBox, secretsKeys } from "@understudy/service";
import { ServiceMetrics, WorkerTelemetry } from "@understudy/telemetry";
import { createTestDatabase, type TestDatabase, testSecretsKeys } from "@understudy/testkit";
import { startWebhooks, type WebhookSettings } from "../src/webhooks/start-webhooks.ts";
import { startReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

const keys = secretsKeys.parse(testSecretsKeys);
const secrets = new SecretBox(keys);

/** Of the suite; its webhooks, jobs and alerts are forgotten after each test. */
export let database: Database;

/** What the webhooks of a test have logged. */
export let told: Record<string, unknown>[];

let testDatabase: TestDatabase;
let receivers: WebhookReceiver[];
const running: ReturnType<typeof startWebhooks>[] = [];
let telemetry: WorkerTelemetry;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 4);
  await database.prisma.creator.create({ data: { id: "psy" } });
});

beforeEach(() => {
  receivers = [];
  told = [];
  telemetry = new WorkerTelemetry(new ServiceMetrics("worker"), undefined);
});

afterEach(async () => {
  for (const receiver of receivers) await receiver.close();
  for (const webhooks of running.splice(0)) await webhooks.stop(AbortSignal.abort());
  await database.prisma.webhookEndpoint.deleteMany();
  await database.prisma.outbox.deleteMany();
  await database.prisma.job.deleteMany();
  await database.prisma.alert.deleteMany();
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/**
 * Starts what a worker does for webhooks, in this process.
 * @param on the suite's database, or what stands before it
 */
export function start(
  more: Partial<WebhookSettings> = {},
  on: Database = database,
): ReturnType<typeof startWebhooks> {
  const tell = (fields: object, msg: string) => void told.push({ ...fields, msg });
  const logger = { warn: tell, info: tell } as unknown as Logger;
  const settings: WebhookSettings = {
    secretsKeys: keys,
    allowPrivate: true,
    schedule: [20, 20],
    timeoutMs: 10_000,
    disableAfterMs: 3_600_000,
    expectedProvider: "emulator",
    ...more,
  };
  const webhooks = startWebhooks({ database: on, telemetry, logger }, settings);
  running.push(webhooks);
  return webhooks;
}

/** A receiver that is registered as an endpoint of its own. */
export async function register(more: Partial<Prisma.WebhookEndpointCreateManyInput> = {}) {
  const receiver = await startReceiver();
  receivers.push(receiver);
  const id = newId("end");
  receiver.secret = `whsec_${Buffer.alloc(32, id).toString("base64")}`;
  const { sealed, keyId } = secrets.seal(receiver.secret, id);
  const heard = { events: ["job.completed", "job.failed", "alert.raised"], creatorIds: [] };
  const data = { id, url: receiver.url, ...heard, secret: sealed, secretKeyId: keyId, ...more };
  await database.prisma.webhookEndpoint.create({ data });
  return Object.assign(receiver, { id });
}

/** A job that was completed, unless told otherwise. */
export async function job(more: Partial<Prisma.JobCreateManyInput> = {}): Promise<string> {
  const id = newId("job");
  const end = { status: "completed", result: { text: "Hi" }, finishedAt: new Date() } as const;
  const own = { id, agent: "test", creatorId: "psy", feature: "f", model: "m", input: { prompt: "p" } };
  await database.prisma.job.create({ data: { ...own, ...end, ...more } });
  return id;
}

/** Puts an event into the outbox, and wakes what looks there. */
export async function event(more: Partial<Prisma.OutboxCreateManyInput>): Promise<string> {
  const id = newId("evt");
  await database.prisma.outbox.create({ data: { id, type: "job.completed", creatorId: "psy", ...more } });
  for (const webhooks of running) webhooks.wake();
  return id;
}

const bell = { alertId: "alert_1", alert: "redis_evicts", creatorId: null, policy: "allkeys-lru" };

/** An event that needs no job. */
export const ring = () =>
  event({
    type: "alert.raised",
    creatorId: null,
    payload: bell,
  });

/** A delivery of such an event, which has been published. */
export async function delivery(
  endpointId: string,
  more: Partial<Prisma.DeliveryCreateManyInput>,
): Promise<string> {
  const eventId = newId("evt");
  const published = { id: eventId, type: "alert.raised", payload: bell, publishedAt: new Date() };
  await database.prisma.outbox.create({ data: published });
  const id = eventId.replace("evt", "dlv");
  await database.prisma.delivery.create({ data: { id, endpointId, eventId, type: "alert.raised", ...more } });
  return id;
}

/** Deliveries to an endpoint in the order of their making, each with its tries. */
export const deliveriesOf = (endpointId: string) =>
  database.prisma.delivery.findMany({
    where: { endpointId },
    include: { attempts: { orderBy: { number: "asc" } } },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });

/** How many endpoints operators were told to be disabled. */
export async function disabledEndpoints(): Promise<number | undefined> {
  const { values } = await telemetry.metrics.endpointsDisabled.get();
  return values[0]?.value;
}
