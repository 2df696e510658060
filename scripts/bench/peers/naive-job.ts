// The promises of a job as they are usually kept: BullMQ, Google's SDK as it comes, and a transaction for each step (begin an
// attempt, hold, settle, end with an event). It has no lanes, knows nothing of the fan, checks no text and tells nobody.
import { GoogleGenAI } from "@google/genai";
import { newId } from "@understudy/database";
import { Queue, Worker } from "bullmq";
import { Pool, type PoolClient } from "pg";
import { z } from "zod";
import { fanMessages } from "../fan-messages.ts";
import { peerOptions } from "./peer.ts";
import { WarmCount } from "./warm-count.ts";

/** As many as our worker's own pool has. */
const connectionsMax = 10;
const batchSize = 500;
const model = "gemini-3.5-flash-lite";
const holdUsd = "0.002";

const { databaseUrl, redisUrl, emulatorUrl, concurrency, ...size } = peerOptions(
  z.object({
    databaseUrl: z.string(),
    redisUrl: z.string(),
    redisPid: z.int(),
    emulatorUrl: z.string(),
    jobs: z.int(),
    warmUpJobs: z.int(),
    concurrency: z.int(),
  }),
);
const pool = new Pool({ connectionString: databaseUrl, max: connectionsMax });
const queue = new Queue("naive-job", { connection: { url: redisUrl } });
await createTables();
await fill();

const gemini = new GoogleGenAI({ apiKey: "emulator", httpOptions: { baseUrl: emulatorUrl } });
const count = new WarmCount(size);
const worker = new Worker<{ id: string }>("naive-job", ({ data }) => runJob(data.id), {
  connection: { url: redisUrl, maxRetriesPerRequest: null },
  concurrency,
});
worker.on("completed", () => {
  if (!count.add()) return;
  void Promise.all([worker.close(), pool.end()]).then(() => process.exit(0));
});
worker.on("failed", (_, error) => {
  console.error(error);
  process.exit(1);
});

async function runJob(id: string): Promise<void> {
  const job = await inTransaction(async (client) => {
    await client.query(`SELECT FROM naive."job" WHERE id = $1 FOR UPDATE`, [id]);
    const { rows } = await client.query(
      `UPDATE naive."job" SET status = 'running', attempt = attempt + 1, started = now() WHERE id = $1 RETURNING *`,
      [id],
    );
    return rows[0] as { creator: string; attempt: number; input: { message: string } };
  });
  const callId = newId("call");
  await inTransaction(async (client) => {
    const { rows } = await client.query(
      `SELECT spent + held + $2 <= quota AS fits FROM naive."month" WHERE creator = $1 FOR UPDATE`,
      [job.creator, holdUsd],
    );
    if (!rows[0]?.fits) throw new Error("no room");
    await client.query(`UPDATE naive."month" SET held = held + $2 WHERE creator = $1`, [
      job.creator,
      holdUsd,
    ]);
    await client.query(
      `INSERT INTO naive."call" (id, job, creator, model, status, hold) VALUES ($1, $2, $3, $4, 'started', $5)`,
      [callId, id, job.creator, model, holdUsd],
    );
  });
  const answer = await gemini.models.generateContent({
    model,
    contents: job.input.message,
    config: {
      systemInstruction: "You draft replies to fans for a creator. Answer in one to three short sentences.",
      maxOutputTokens: 512,
      httpOptions: { headers: { "x-understudy-call-id": callId } },
    },
  });
  const usage = answer.usageMetadata ?? {};
  const costUsd = ((usage.promptTokenCount ?? 0) * 0.3 + (usage.candidatesTokenCount ?? 0) * 2.5) / 1e6;
  await inTransaction(async (client) => {
    await client.query(
      `UPDATE naive."call" SET status = 'settled', cost = $2, usage = $3, settled = now() WHERE id = $1`,
      [callId, costUsd, usage],
    );
    await client.query(`UPDATE naive."month" SET held = held - $2, spent = spent + $3 WHERE creator = $1`, [
      job.creator,
      holdUsd,
      costUsd,
    ]);
  });
  await inTransaction(async (client) => {
    const { rowCount } = await client.query(
      `UPDATE naive."job" SET status = 'completed', result = $3, finished = now() WHERE id = $1 AND attempt = $2`,
      [id, job.attempt, { response: answer.text }],
    );
    if (rowCount !== 1) throw new Error("another attempt has it");
    await client.query(`INSERT INTO naive."outbox" (id, job, type) VALUES ($1, $2, 'job.completed')`, [
      newId("evt"),
      id,
    ]);
  });
}

async function inTransaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

async function createTables(): Promise<void> {
  await pool.query(`
    DROP SCHEMA IF EXISTS naive CASCADE;
    CREATE SCHEMA naive;
    CREATE TABLE naive."job" (id text PRIMARY KEY, creator text NOT NULL, input jsonb NOT NULL, status text NOT NULL,
      attempt int NOT NULL DEFAULT 0, result jsonb, started timestamptz, finished timestamptz);
    CREATE INDEX ON naive."job" (status);
    CREATE TABLE naive."month" (creator text PRIMARY KEY, quota numeric NOT NULL, spent numeric NOT NULL DEFAULT 0,
      held numeric NOT NULL DEFAULT 0);
    CREATE TABLE naive."call" (id text PRIMARY KEY, job text NOT NULL REFERENCES naive."job", creator text NOT NULL,
      model text NOT NULL, status text NOT NULL, hold numeric NOT NULL, cost numeric, usage jsonb,
      started timestamptz NOT NULL DEFAULT now(), settled timestamptz);
    CREATE INDEX ON naive."call" (job);
    CREATE TABLE naive."outbox" (id text PRIMARY KEY, job text NOT NULL REFERENCES naive."job", type text NOT NULL,
      created timestamptz NOT NULL DEFAULT now(), published timestamptz);
    CREATE INDEX ON naive."outbox" (created) WHERE published IS NULL`);
}

async function fill(): Promise<void> {
  const messages = fanMessages();
  const jobs = Array.from({ length: size.jobs }, (_, index) => {
    const { creatorId: creator, ...input } = messages[index % messages.length] as (typeof messages)[number];
    return { id: newId("job"), creator, input };
  });
  await pool.query(
    `INSERT INTO naive."month" (creator, quota)
     SELECT DISTINCT creator, 1000000 FROM jsonb_to_recordset($1) AS r(creator text)`,
    [JSON.stringify(jobs)],
  );
  await pool.query(
    `INSERT INTO naive."job" (id, creator, input, status)
     SELECT id, creator, input, 'queued' FROM jsonb_to_recordset($1) AS r(id text, creator text, input jsonb)`,
    [JSON.stringify(jobs)],
  );
  await pool.query("ANALYZE");
  for (let added = 0; added < jobs.length; added += batchSize) {
    const batch = jobs.slice(added, added + batchSize);
    await queue.addBulk(batch.map(({ id }) => ({ name: "job", data: { id } })));
  }
}
