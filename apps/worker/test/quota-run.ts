import { expect } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { Decimal } from "decimal.js";
import { rest, stack, start, withClient } from "./fault-run.ts";

interface QuotaRun {
  jobs: number;
  quotaUsd: string;
  /** How often a worker is killed by -9 in the run. */
  kills: number;
}

/** Of one job, in USD: 8,512 tokens of output at $2.50 a million, thoughts included, and the bytes of its short prompt. */
const holdUsdMax = "0.0214";

/**
 * Puts more jobs of one creator through two workers at once, 100 at a time in each, than the quota has room for;
 * then asserts that it was never passed, that what fits was used, and that nothing waits or is held.
 */
export async function runAgainstQuota({ jobs, quotaUsd, kills }: QuotaRun): Promise<void> {
  await start({ workers: 0, environment: { WORKER_CONCURRENCY: "100" } });
  await stack.request("PUT", "/api/ai/creators/hot", {
    plan: "starter",
    quotaUsd,
    bucket: { ratePerHour: 1_000_000, burst: 10_000 },
  });
  await watchAccounts(quotaUsd);
  // What they cost differs, and is less than what is held.
  for (const [index, candidatesTokenCount] of [3_000, 5_000, 7_000].entries()) {
    const usageMetadata = {
      promptTokenCount: 20,
      candidatesTokenCount,
      totalTokenCount: candidatesTokenCount + 20,
    };
    await stack.rule({
      match: { contains: `kind ${index} ` },
      respond: { text: "ok", usageMetadata, delayMs: 50 },
    });
  }
  const ids = await Promise.all(Array.from({ length: jobs }, (_, index) => submit(index)));
  await Promise.all([stack.addWorker(), stack.addWorker()]);
  // Not waiting for the new worker: the others would have spent all before the last kill.
  const replacements: Promise<unknown>[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const before = await settledCalls();
    await eventually(async () => {
      expect(stack.workers.length).toBeGreaterThan(0);
      expect(await settledCalls()).toBeGreaterThan(before + 10);
    });
    await stack.workers.shift()?.kill();
    replacements.push(stack.addWorker());
  }
  await Promise.all(replacements);
  await rest(300_000);

  expect(await violations()).toEqual([]);
  const { prisma } = stack.database;
  const ends = await prisma.job.groupBy({ by: ["status", "errorCode"], _count: true });
  expect(new Set(ends.map((end) => end.errorCode ?? end.status))).toEqual(
    new Set(["completed", "quota_exceeded"]),
  );
  const failed = await stack.job((await prisma.job.findFirstOrThrow({ where: { status: "failed" } })).id);
  expect(failed.error).toMatchObject({
    code: "quota_exceeded",
    resetsAt: expect.stringMatching(/-01T00:00:00/),
  });
  const spend = await eventually(async () => {
    const found = await prisma.account.findFirstOrThrow({ where: { creatorId: "hot" } });
    expect(found.heldUsd.toFixed()).toBe("0");
    return found;
  });
  // What fits was used: one more hold would have passed the quota.
  const used = new Decimal(spend.spentUsd.toFixed()).plus(spend.unknownUsd.toFixed());
  expect(used.lte(quotaUsd)).toBe(true);
  expect(used.plus(holdUsdMax).gt(quotaUsd)).toBe(true);
  // On a busy machine an attempt's time may be over before its call is sent: that one is released.
  const lost = await prisma.usageLog.count({ where: { status: { in: ["unknown", "released"] } } });
  await assertInvariants(stack, ids, lost);

  const refused = await stack.request("POST", "/api/ai/agents/test/jobs", {
    creatorId: "hot",
    input: prompt(0),
  });
  expect(refused.status).toBe(402);
  expect(await refused.json()).toMatchObject({
    code: "quota_exceeded",
    heldUsd: "0",
    unknownUsd: expect.any(String),
  });
}

function settledCalls(): Promise<number> {
  return stack.database.prisma.usageLog.count({ where: { status: "settled" } });
}

function prompt(index: number) {
  return { prompt: `kind ${index % 3} number ${index}`, maxOutputTokens: 8_000 };
}

function submit(index: number): Promise<string> {
  return stack.submit("test", { creatorId: "hot", input: prompt(index) });
}

/** Has Postgres itself note each moment in which the account passes its quota. */
async function watchAccounts(quotaUsd: string): Promise<void> {
  await withClient(async (client) => {
    await client.query(`CREATE TABLE "Violation" ("account" jsonb)`);
    await client.query(`CREATE FUNCTION note_violation() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO "Violation" VALUES (to_jsonb(NEW)); RETURN NULL; END $$`);
    await client.query(`CREATE TRIGGER watch AFTER INSERT OR UPDATE ON "Account" FOR EACH ROW
      WHEN (NEW."creatorId" = 'hot' AND NEW."spentUsd" + NEW."heldUsd" + NEW."unknownUsd" > ${Number(quotaUsd)})
      EXECUTE FUNCTION note_violation()`);
  });
}

function violations(): Promise<unknown[]> {
  return withClient(async (client) => (await client.query(`SELECT * FROM "Violation" LIMIT 5`)).rows);
}
