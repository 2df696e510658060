import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { terminalStatuses } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { parse } from "csv-parse/sync";
import { Decimal } from "decimal.js";
import { realMessages, whereRealMessagesAre } from "./real-messages.ts";

const quotaUsd = "0.5";
const chatsAtOnce = 100;
/** How long the model takes to answer: longer than all chats together need to be begun. */
const answerMs = 1_500;

whereRealMessagesAre("what 100 chats at once hold of a quota of $0.50", () => {
  let stack: Stack;
  let messages: string[];

  beforeAll(async () => {
    const rows = parse(readFileSync(realMessages.file, "utf8"), { columns: true }) as { text: string }[];
    messages = [...new Set(rows.map(({ text }) => text))].filter((text) => text.trim() !== "");
    stack = await startStack({ workers: 0, environment: { WORKER_CONCURRENCY: "200" } });
  });

  afterAll(() => stack?.stop());

  async function creator(id: string): Promise<void> {
    const bucket = { ratePerHour: 1_000_000, burst: 10_000 };
    await stack.request("PUT", `/api/ai/creators/${id}`, { plan: "starter", quotaUsd, bucket });
  }

  function chat(creatorId: string, index: number): Promise<string> {
    const message = messages[index % messages.length];
    return stack.submit("chat", { creatorId, input: { fanId: `fan_${index}`, message } });
  }

  async function accountOf(creatorId: string) {
    const found = await stack.database.prisma.account.findFirst({ where: { creatorId } });
    const of = (usd: { toFixed(): string } | undefined) => new Decimal(usd?.toFixed() ?? 0);
    return { spent: of(found?.spentUsd), held: of(found?.heldUsd), unknown: of(found?.unknownUsd) };
  }

  it("never passes it, and lets most of them be under way together", async () => {
    await creator("hot");
    await stack.database.prisma.$executeRawUnsafe(`CREATE TABLE "Overshoot" ("account" jsonb)`);
    await stack.database.prisma.$executeRawUnsafe(`CREATE FUNCTION note_overshoot() RETURNS trigger
      LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "Overshoot" VALUES (to_jsonb(NEW)); RETURN NULL; END $$`);
    await stack.database.prisma.$executeRawUnsafe(`CREATE TRIGGER watch AFTER INSERT OR UPDATE ON "Account"
      FOR EACH ROW WHEN (NEW."creatorId" IS NOT NULL AND NEW."spentUsd" + NEW."heldUsd" + NEW."unknownUsd" > ${quotaUsd}) EXECUTE FUNCTION note_overshoot()`);
    await stack.rule({ match: {}, respond: { delayMs: answerMs } });
    const ids = await Promise.all(Array.from({ length: chatsAtOnce }, (_, index) => chat("hot", index)));
    await stack.addWorker();

    const together: number[] = [];
    for (;;) {
      const [row] = await stack.database.prisma.$queryRaw<{ open: number; left: number }[]>`
        SELECT (SELECT count(DISTINCT "jobId")::int FROM "UsageLog" WHERE "status" = 'started') AS "open",
               (SELECT count(*)::int FROM "Job" WHERE "finishedAt" IS NULL) AS "left"`;
      if (!row || row.left === 0) break;
      if (row.open > 0) together.push(row.open);
      await sleep(20);
    }
    await stack.dropRules();
    const most = Math.max(...together);
    const mean = together.reduce((sum, count) => sum + count, 0) / together.length;
    const overshoot = await stack.database.prisma.$queryRaw`SELECT * FROM "Overshoot" LIMIT 5`;
    const { spent } = await accountOf("hot");
    console.log(
      `Of ${chatsAtOnce} chats ${most} were under way together (${mean.toFixed(1)} on the average); spent $${spent}.`,
    );
    expect(overshoot).toEqual([]);
    expect(await stack.database.prisma.job.count({ where: { status: "completed" } })).toBe(chatsAtOnce);
    // 29 were it when a job held what it can cost at most in every step.
    expect(most).toBeGreaterThanOrEqual(79);
    await assertInvariants(stack, ids);
  }, 180_000);

  it("is used up to 97 % before the first job is refused while nothing is held", async () => {
    await creator("near");
    // Nearly all of it, by answers as dear as they may be.
    const candidatesTokenCount = 60_000;
    const usageMetadata = { promptTokenCount: 20, candidatesTokenCount, totalTokenCount: 60_020 };
    await stack.rule({ match: { contains: "dear" }, respond: { text: "ok", usageMetadata } });
    if (stack.workers.length === 0) await stack.addWorker();
    for (let index = 0; index < 3; index++) {
      const input = { prompt: "dear", maxOutputTokens: 60_000 };
      await ended(await stack.submit("test", { creatorId: "near", input }));
    }
    for (let index = 0; ; index++) {
      const message = messages[index % messages.length];
      const body = { creatorId: "near", input: { fanId: `fan_${index}`, message } };
      const response = await stack.request("POST", "/api/ai/agents/chat/jobs", body);
      if (response.status === 402) break;
      expect(response.status).toBe(202);
      await ended(((await response.json()) as { id: string }).id);
    }
    const { spent, held } = await accountOf("near");
    console.log(`The first 402 came when $${spent} of $${quotaUsd} was spent.`);
    expect(held.toFixed()).toBe("0");
    expect(spent.div(quotaUsd).toNumber()).toBeGreaterThanOrEqual(0.97);
    const failed = await stack.database.prisma.job.count({ where: { status: "failed" } });
    expect(failed).toBe(0);
  }, 180_000);

  const ended = (id: string) =>
    eventually(async () => expect(terminalStatuses).toContain((await stack.job(id)).status));
});
