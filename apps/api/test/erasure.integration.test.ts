import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { ErasedFan } from "@understudy/contracts";
import { connectRedis } from "@understudy/queues";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";

/** A fan is erased: their words are nowhere any more, and what they cost stays to the last digit. */

let stack: Stack;
let receiver: Server;
const creatorId = "psy";
const fanId = "fan_zebraquokka";

/** Each stands in one place of what the app says of the fan. */
const marks = {
  message: "mxmessage",
  history: "mxhistory",
  context: "mxcontext",
  metadata: "mxmetadata",
  key: "mxkey",
  callback: "mxcallback",
  feedback: "mxfeedback",
  insight: "mxinsight",
  everyone: "mxeveryone",
  memory: "mxmemory",
  queued: "mxqueued",
  running: "mxrunning",
  drafted: "mxdrafted",
  failed: "mxfailed",
};
const secrets = [fanId, ...Object.values(marks)];

beforeAll(async () => {
  stack = await startStack({ persistentRedis: true });
  const bucket = { ratePerHour: 1_000_000, burst: 1_000 };
  await stack.request("PUT", `/api/ai/creators/${creatorId}`, { plan: "business", bucket });
  receiver = createServer((request, response) => void request.resume().on("end", () => response.end()));
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  await stack.request("POST", "/api/ai/webhooks", { url: hook(), events: ["job.completed"] });
});

afterAll(async () => {
  await stack?.stop();
  receiver?.close();
});

const hook = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;

const submit = (message: string, of = fanId, more: object = {}, options: object = {}) =>
  stack.submit("messaging", { creatorId, input: { fanId: of, message, ...more }, options });

const status = async (id: string) => (await stack.job(id)).status;

const erase = async () =>
  (await (await stack.request("DELETE", `/api/ai/creators/${creatorId}/fans/${fanId}`)).json()) as ErasedFan;

/** Which of the secrets stand in a text. */
const secretsIn = (text: string) => secrets.filter((secret) => text.includes(secret));

/** Every column of every row of every table, as text. */
async function dumpPostgres(): Promise<string> {
  const { prisma } = stack.database;
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;
  expect(tables.length).toBeGreaterThan(15);
  const rows = [];
  for (const { name } of tables) {
    rows.push(
      ...(await prisma.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS row FROM ${name} AS t`)),
    );
  }
  return rows.map(({ row }) => row).join("\n");
}

/** Every key with its value, and what lies on the disk once the log of writes was rewritten. */
async function dumpRedis(): Promise<string> {
  const redis = connectRedis(stack.redis.url, "consumer");
  try {
    const parts: unknown[] = [];
    for await (const keys of redis.scanStream()) {
      for (const key of keys as string[]) {
        parts.push(key);
        const type = await redis.type(key);
        if (type === "string") parts.push(await redis.get(key));
        else if (type === "hash") parts.push(await redis.hgetall(key));
        else if (type === "list") parts.push(await redis.lrange(key, 0, -1));
        else if (type === "set") parts.push(await redis.smembers(key));
        else if (type === "zset") parts.push(await redis.zrange(key, 0, "-1"));
        else if (type === "stream") parts.push(await redis.xrange(key, "-", "+"));
        // Gone since.
        else if (type !== "none") throw new Error(`A key of type ${type}.`);
      }
    }
    const setting = async (name: string) => ((await redis.config("GET", name)) as string[])[1] ?? "";
    await redis.config("SET", "rdbcompression", "no");
    await redis.bgrewriteaof();
    await eventually(async () => {
      const persistence = await redis.info("persistence");
      expect(persistence).toContain("aof_rewrite_in_progress:0");
      expect(persistence).toContain("aof_rewrite_scheduled:0");
    });
    const directory = join(await setting("dir"), await setting("appenddirname"));
    const files = await readdir(directory);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) parts.push(await readFile(join(directory, file), "latin1"));
    return parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("\n");
  } finally {
    redis.disconnect();
  }
}

const settledCalls = () =>
  stack.database.prisma.usageLog.findMany({ where: { status: "settled" }, orderBy: { id: "asc" } });

it("leaves nothing of the fan, and all of what was paid", async () => {
  const { prisma } = stack.database;
  const text = (id: string) => prisma.job.findUniqueOrThrow({ where: { id } });

  // What there is of the fan: an answered job with feedback, one that failed, knowledge, one that runs, one that waits.
  const answered = await submit(
    `Hello, I am ${marks.message}`,
    fanId,
    { history: [{ from: "fan", text: marks.history }], context: { note: marks.context } },
    {
      metadata: { ref: marks.metadata },
      idempotencyKey: marks.key,
      callbackUrl: `${hook()}/${marks.callback}`,
    },
  );
  const ofAnother = await submit("Hello there, friend", "fan_other");
  for (const id of [answered, ofAnother])
    await eventually(async () => expect(await status(id)).toBe("completed"));
  for (const id of [answered, ofAnother]) {
    const edited = { outcome: "edited", text: id === answered ? `lovely ${marks.feedback}` : "lovely other" };
    expect((await stack.request("POST", `/api/ai/jobs/${id}/feedback`, edited)).status).toBe(200);
  }
  await stack.rule({ match: { contains: marks.failed }, respond: { status: 400 } });
  const failed = await submit(`what of ${marks.failed}?`);
  await eventually(async () => expect(await status(failed)).toBe("failed"));
  const learned = { source: "messaging_ai", type: "fan_preference", confidence: 0.5, data: { fanId } };
  await prisma.insight.createMany({
    data: [
      { ...learned, id: "ins_fan", creatorId, fanId, text: marks.insight },
      {
        ...learned,
        id: "ins_all",
        creatorId: null,
        jobId: answered,
        stepKey: "x",
        text: marks.everyone,
        data: {},
      },
      { ...learned, id: "ins_other", creatorId, fanId: "fan_other", text: "likes rain", data: {} },
    ],
  });
  await prisma.fanMemory.create({ data: { creatorId, fanId, summary: marks.memory, through: new Date() } });
  await stack.rule({
    match: { contains: marks.running },
    respond: {
      text: JSON.stringify({
        response: `${marks.drafted} is what I would say`,
        confidence: 0.9,
        compliance: { allowed: true, categories: [], severity: "none", reasons: [] },
      }),
      delayMs: 30_000,
    },
  });
  const running = await submit(`and ${marks.running}?`);
  await eventually(async () => {
    expect(await prisma.usageLog.count({ where: { jobId: running, status: "started" } })).toBe(1);
  });
  await stack.request("POST", `/api/ai/creators/${creatorId}/pause`);
  const queued = await submit(`later ${marks.queued}`);

  expect(secretsIn(await dumpPostgres()).sort()).toEqual(
    secrets.filter((secret) => secret !== marks.drafted).sort(),
  );
  const before = await settledCalls();
  expect(before.length).toBeGreaterThan(1);
  const ownSteps = await prisma.step.count({ where: { jobId: { in: [answered, failed, running] } } });

  const erased = await erase();
  expect(erased).toMatchObject({
    creatorId,
    fanId,
    jobs: 4,
    cancelled: 2,
    steps: ownSteps,
    // One of the fan, one learned in their job, one by feedback; and what the agents have learned.
    insights: expect.any(Number),
    feedback: 1,
    // As many as nobody has been told of yet.
    events: expect.any(Number),
    memory: true,
  });
  expect(erased.insights).toBeGreaterThanOrEqual(3);

  // The attempt that ran is aborted: what its call may have cost stays on record, and it can say nothing.
  await eventually(async () => {
    expect(await prisma.usageLog.count({ where: { status: "started" } })).toBe(0);
    expect(await prisma.usageLog.findMany({ where: { jobId: running } })).toMatchObject([
      { status: "unknown", errorCode: "cancelled" },
    ]);
  });
  await stack.request("POST", `/api/ai/creators/${creatorId}/resume`);
  await stack.workers[0]?.stop();

  expect(secretsIn(await dumpPostgres())).toEqual([]);
  expect(secretsIn(await dumpRedis())).toEqual([]);
  expect(secretsIn([stack.api, ...stack.workers].map((process) => process.output()).join("\n"))).toEqual([]);

  const ids = before.map(({ id }) => id);
  expect((await settledCalls()).filter(({ id }) => ids.includes(id))).toEqual(before);
  for (const id of [answered, failed, running, queued]) {
    const job = await stack.job(id);
    expect(job).toMatchObject({ id, creatorId, erasedAt: expect.any(String) });
    expect(job).not.toHaveProperty("result");
    expect(job).not.toHaveProperty("metadata");
  }
  expect(await Promise.all([answered, failed, running, queued].map(status))).toEqual([
    "completed",
    "failed",
    "cancelled",
    "cancelled",
  ]);
  expect((await stack.job(answered)).usage).toMatchObject({ calls: expect.any(Number) });
  expect((await stack.job(answered)).usage.calls).toBeGreaterThan(0);

  // Another fan of the creator keeps all.
  expect(await text(ofAnother)).toMatchObject({
    fanId: "fan_other",
    input: { message: "Hello there, friend" },
  });
  expect(await prisma.insight.count({ where: { id: "ins_other" } })).toBe(1);
  expect(await prisma.insight.count({ where: { jobId: ofAnother, type: "style_example" } })).toBe(1);

  expect(await erase()).toMatchObject({
    jobs: 0,
    cancelled: 0,
    steps: 0,
    insights: 0,
    feedback: 0,
    memory: false,
  });
  const feedback = await stack.request("POST", `/api/ai/jobs/${answered}/feedback`, { outcome: "sent" });
  expect(feedback.status).toBe(409);
  await stack.addWorker();
  await assertInvariants(stack, [answered, ofAnother, failed, running, queued], 1);
});
