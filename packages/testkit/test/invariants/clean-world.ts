import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { type Database, newId, openDatabase } from "@understudy/database";
import { Redis } from "ioredis";
import {
  type AcceptedJob,
  addRule,
  addToAccounts,
  startTestEmulator,
  startTestRedis,
  type Told,
  violationsAtRest,
  type World,
} from "../../src/index.ts";
import { createTestDatabase } from "../../src/test-database.ts";

/** Of 1,000 tokens in and 500 out: its price has no date on which it changes. */
const model = "gemini-3.5-flash-lite";
export const costUsd = "0.00155";

/** The services of a test, with nothing amiss: one job of one creator, which has ended, was paid and told. */
export let world: World;
export let database: Database;
export let redis: Redis;
/** What clients and receivers saw of it. */
export let told: Told & { accepted: AcceptedJob[]; webhooks: { endpointId: string; events: Heard[] }[] };
/** That job's, and its call's, event's and endpoint's ids. */
export const ids = { job: "job_1", call: "call_1", event: "evt_1", endpoint: "ep_1" };

type Heard = { webhookId: string; jobId: string; type: string; at: number };

let server: Awaited<ReturnType<typeof startTestRedis>>;
let emulator: Awaited<ReturnType<typeof startTestEmulator>>;
let drop = async () => {};

beforeAll(async () => {
  [server, emulator] = await Promise.all([startTestRedis(), startTestEmulator()]);
  redis = new Redis(server.url);
});

afterAll(async () => {
  await close();
  redis.disconnect();
  await Promise.all([server.remove(), emulator.stop()]);
});

beforeEach(async () => {
  await close();
  const created = await createTestDatabase();
  database = openDatabase(created.url, 4);
  drop = created.drop;
  world = { database, emulatorUrl: emulator.url, redisUrl: server.url };
  await redis.flushall();
  await fetch(`${world.emulatorUrl}/_emulator/reset`, { method: "POST" });
  await createCleanWorld();
  told = {
    accepted: [{ id: ids.job, idempotencyKey: "first" }],
    lostCallsMax: 0,
    webhooks: [
      {
        endpointId: ids.endpoint,
        events: [{ webhookId: ids.event, jobId: ids.job, type: "job.completed", at: Date.now() }],
      },
    ],
  };
});

async function close(): Promise<void> {
  await database?.close();
  await drop();
  drop = async () => {};
}

async function createCleanWorld(): Promise<void> {
  const { prisma } = database;
  await prisma.creator.create({ data: { id: "psy", ratePerHour: 3_600, burst: 2, quotaUsd: "1" } });
  await prisma.webhookEndpoint.create({
    data: {
      ...{ id: ids.endpoint, url: "https://example.com", events: ["job.completed", "job.failed"] },
      ...{ creatorIds: [], secret: new Uint8Array(1), secretKeyId: "test", updatedAt: new Date(0) },
    },
  });
  await createEndedJob(ids.job);
  await createEvent(ids.event, ids.job);
  await createDelivery("dlv_1", ids.event);
  await askGemini(ids.call);
  await createCall(ids.call, { status: "settled", costUsd, settledAt: new Date() });
  await addToAccounts(database, { creatorId: "psy" }, { spentUsd: costUsd });
}

const usageMetadata = { promptTokenCount: 1_000, candidatesTokenCount: 500, totalTokenCount: 1_500 };

interface Asking {
  /** What is asked. */
  text?: string;
  /** How the emulator answers; well, at `costUsd`, unless given. */
  respond?: object;
  signal?: AbortSignal;
}

/** Has a request stand on the emulator's bill. @throws where it is not answered with 200 */
export async function askGemini(
  callId: string,
  { text = "Hello", respond, signal }: Asking = {},
): Promise<void> {
  await addRule(world.emulatorUrl, {
    match: {},
    respond: respond ?? { text: "ok", usageMetadata },
    times: 1,
  });
  const answer = await fetch(`${world.emulatorUrl}/v1beta/models/${model}:generateContent`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-goog-api-key": "test",
      "x-understudy-call-id": callId,
    },
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }] }),
    ...(signal && { signal }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** A completed job, without an event. */
export async function createEndedJob(id: string, more: object = {}): Promise<void> {
  const now = new Date();
  await database.prisma.job.create({
    data: {
      id,
      ...{
        agent: "test",
        creatorId: "psy",
        feature: "test",
        model,
        input: {},
        status: "completed",
        attempt: 1,
      },
      ...{ result: {}, createdAt: now, startedAt: now, finishedAt: now, dispatchedAt: now },
      ...more,
    },
  });
}

/** An event of a job's end. */
export async function createEvent(
  id: string,
  jobId: string,
  type = "job.completed",
  more: object = {},
): Promise<void> {
  const data = { id, jobId, type, creatorId: "psy", publishedAt: new Date(), ...more };
  await database.prisma.outbox.create({ data });
}

/** What the endpoint was told of an event. */
export async function createDelivery(id: string, eventId: string, type = "job.completed"): Promise<void> {
  const delivered = { status: "delivered", deliveredAt: new Date(), nextTryAt: null } as const;
  await database.prisma.delivery.create({
    data: { id, endpointId: ids.endpoint, eventId, type, ...delivered },
  });
}

/** Nobody wants to hear of anything any more. */
export async function dropEndpoint(): Promise<void> {
  await database.prisma.webhookEndpoint.deleteMany();
  told.webhooks.splice(0);
}

/** Of the only creator and month. */
export async function setAccount(usd: object): Promise<void> {
  await database.prisma.account.updateMany({ data: usd });
}

/** What is found. @param more what was told otherwise */
export function violations(more: Partial<Told> = {}): Promise<string[]> {
  return violationsAtRest(world, { ...told, ...more });
}

/** A queued job, as it is before anything has happened to it. */
export async function createQueuedJob(more: object = {}): Promise<string> {
  const id = newId("job");
  await database.prisma.job.create({
    data: { id, agent: "test", creatorId: "psy", feature: "test", model, input: {}, ...more },
  });
  return id;
}

/** A row of a call of the clean world's job; nothing is on its account. */
export async function createCall(id: string, more: object = {}): Promise<void> {
  const price = await database.prisma.price.findFirstOrThrow({ where: { model, serviceTier: "standard" } });
  await database.prisma.usageLog.create({
    data: {
      id,
      ...{
        jobId: ids.job,
        attempt: 1,
        stepKey: "prompt",
        creatorId: "psy",
        agentId: "test_ai",
        feature: "test",
      },
      ...{ model, serviceTier: "standard", month: thisMonth(), priceId: price.id, holdUsd: "0.01" },
      deadlineAt: new Date(Date.now() + 60_000),
      ...more,
    },
  });
}

export function thisMonth(): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}

/** Past its end where `seconds` are less than none. */
export async function setLease(name: string, seconds: number, holder = name): Promise<void> {
  const until = new Date(Date.now() + seconds * 1_000);
  await database.prisma.lease.upsert({
    where: { name },
    create: { name, holder, since: new Date(), until },
    update: { until },
  });
}
