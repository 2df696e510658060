import { type Database, openDatabase } from "@understudy/database";
import { closeMonth } from "@understudy/ledger";
import { addToAccounts, createApiKeyRow, createTestDatabase, pastMonth } from "@understudy/testkit";
import pg from "pg";

const model = "gemini-3.5-flash-lite";

/** Of 1,000 tokens in and 500 out: its price has no date on which it changes. */
export const costUsd = "0.00155";
const usageMetadata = { promptTokenCount: 1_000, candidatesTokenCount: 500, totalTokenCount: 1_500 };

export const lastMonth = pastMonth(1);
export const thisMonth = pastMonth(0);

export interface BooksWorld {
  url: string;
  database: Database;
  /** Writes what no statement of ours could: triggers and foreign keys are off. */
  plant(sql: string): Promise<void>;
  drop(): Promise<void>;
}

/** Its rows, made once: the run's Postgres, with which they end, copies them faster. */
let pattern: Promise<string> | undefined;

/**
 * A database in which nothing is amiss, with a row of every kind: creator_1's month before this one is charged; in this one
 * a call is settled, one unknown and one under way, and a job runs and holds. creator_2 has nothing.
 */
export async function createBooksWorld(): Promise<BooksWorld> {
  pattern ??= createPattern();
  const { url, drop } = await createTestDatabase(undefined, await pattern);
  const database = openDatabase(url, 4);
  return {
    url,
    database,
    async plant(sql) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        await client.query(`SET session_replication_role = replica; ${sql}`);
      } finally {
        await client.end();
      }
    },
    async drop() {
      await database.close();
      await drop();
    },
  };
}

async function createPattern(): Promise<string> {
  const { name, url } = await createTestDatabase();
  const database = openDatabase(url, 4);
  await createRows(database);
  await closeMonth(database, lastMonth);
  await database.close();
  return name;
}

export const apiKeyId = "key_1";
export const midLastMonth = new Date(`${lastMonth}-15T12:00:00Z`);
const common = { agent: "test", feature: "test", model, input: {} };

async function createRows(database: Database): Promise<void> {
  const { prisma } = database;
  const now = new Date();
  const createdAt = new Date(`${lastMonth}-01T00:00:00Z`);
  for (const id of ["creator_1", "creator_2"])
    await prisma.creator.create({ data: { id, quotaUsd: "1", createdAt, validFrom: createdAt } });
  await createApiKeyRow(database, "1", apiKeyId);

  await createEndedJob(database, "job_1", midLastMonth);
  await createCall(database, "call_1", "job_1", { startedAt: midLastMonth, settledAt: midLastMonth });
  await addToAccounts(
    database,
    { creatorId: "creator_1", apiKeyId, month: monthOf(midLastMonth) },
    { spentUsd: costUsd },
  );

  await createEndedJob(database, "job_2", now);
  await createCall(database, "call_2", "job_2", { settledAt: now });
  const lost = {
    status: "unknown",
    costUsd: null,
    usageMetadata: undefined,
    inputTokens: 0,
    outputTokens: 0,
  };
  await createCall(database, "call_3", "job_2", { ...lost, settledAt: now });
  await prisma.lease.create({
    data: { name: "worker_1", holder: "worker_1", since: now, until: new Date(+now + 3_600_000) },
  });
  await prisma.job.create({
    data: {
      ...{ ...common, id: "job_3", creatorId: "creator_1", apiKeyId, status: "running", attempt: 1 },
      ...{ startedAt: now, attemptDeadlineAt: new Date(+now + 60_000), workerId: "worker_1" },
      ...{ heldUsd: "0.02", heldMonth: monthOf(now) },
    },
  });
  await createCall(database, "call_4", "job_3", { ...lost, status: "started" });
  await addToAccounts(
    database,
    { creatorId: "creator_1", apiKeyId },
    { spentUsd: costUsd, heldUsd: "0.03", unknownUsd: "0.01" },
  );
  await createOtherRows(database);
}

/** Rows that name others. */
async function createOtherRows({ prisma }: Database): Promise<void> {
  await prisma.webhookEndpoint.create({
    data: {
      ...{ id: "ep_1", url: "https://example.com", events: ["job.completed"], creatorIds: [] },
      ...{ secret: new Uint8Array(1), secretKeyId: "test" },
    },
  });
  const delivery = { endpointId: "ep_1", eventId: "evt_2", type: "job.completed", creatorId: "creator_1" };
  await prisma.delivery.create({
    data: { ...delivery, id: "dlv_1", status: "delivered", deliveredAt: new Date(), nextTryAt: null },
  });
  await prisma.deliveryTry.create({ data: { deliveryId: "dlv_1", generation: 1, number: 1, ms: 5 } });
  await prisma.step.create({ data: { jobId: "job_2", key: "draft", agentId: "test_ai", result: {} } });
  await prisma.idempotencyRecord.create({
    data: { ownerId: "admin", key: "first", fingerprint: "x", jobId: "job_2" },
  });
  await prisma.insight.create({
    data: {
      ...{ id: "ins_1", creatorId: "creator_1", jobId: "job_2", stepKey: "share", source: "test_ai" },
      ...{ type: "test", confidence: 1, text: "x" },
    },
  });
  await prisma.insightOutcome.create({ data: { insightId: "ins_1", jobId: "job_2", outcome: "sent" } });
  await prisma.feedback.create({ data: { jobId: "job_2", outcome: "sent" } });
  await prisma.fanMemory.create({
    data: {
      creatorId: "creator_1",
      fanId: "fan_1",
      summary: "x",
      through: new Date(),
      updatedAt: new Date(),
    },
  });
  await prisma.roleModels.create({ data: { role: "draft", creatorId: "creator_1", models: [model] } });
  await prisma.roleModels.create({ data: { role: "draft", planName: "starter", models: [model] } });
  const key = `creator_1:${thisMonth}:50`;
  await prisma.alert.create({
    data: { id: "alert_1", type: "quota_threshold", creatorId: "creator_1", key, payload: {} },
  });
  const told = { type: "quota.threshold", creatorId: "creator_1", payload: { alertId: "alert_1" } };
  await prisma.outbox.create({ data: { id: "evt_alert", ...told } });
  await prisma.account.update({
    where: { id: `creator:creator_1:${thisMonth}` },
    data: { alertedPercent: 50 },
  });
}

async function createEndedJob({ prisma }: Database, id: string, at: Date): Promise<void> {
  await prisma.job.create({
    data: {
      ...{ ...common, id, creatorId: "creator_1", apiKeyId, status: "completed", attempt: 1, result: {} },
      ...{ createdAt: at, startedAt: at, finishedAt: at, dispatchedAt: at },
    },
  });
  const eventId = id.replace("job_", "evt_");
  await prisma.outbox.create({
    data: {
      id: eventId,
      type: "job.completed",
      creatorId: "creator_1",
      jobId: id,
      createdAt: at,
      publishedAt: at,
    },
  });
}

/** A settled call of creator_1, unless told otherwise; nothing is on its accounts. */
export async function createCall(
  { prisma }: Database,
  id: string,
  jobId: string,
  more: object,
): Promise<void> {
  const price = await prisma.price.findFirstOrThrow({ where: { model, serviceTier: "standard" } });
  const startedAt = "startedAt" in more ? (more.startedAt as Date) : new Date();
  await prisma.usageLog.create({
    data: {
      ...{ id, jobId, attempt: 1, stepKey: "prompt", creatorId: "creator_1", apiKeyId, agentId: "test_ai" },
      ...{ feature: "test", model, serviceTier: "standard", month: monthOf(startedAt), priceId: price.id },
      ...{
        status: "settled",
        holdUsd: "0.01",
        costUsd,
        inputTokens: 1_000,
        outputTokens: 500,
        usageMetadata,
      },
      ...{ startedAt, deadlineAt: new Date(+startedAt + 60_000) },
      ...more,
    },
  });
}

function monthOf(at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));
}
