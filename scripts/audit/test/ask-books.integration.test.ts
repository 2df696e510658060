import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { addToAccounts, pastMonth } from "@understudy/testkit";
import { type Asked, askBooks } from "../ask-books.ts";
import { type Finding, todoOf } from "../finding.ts";
import {
  apiKeyId,
  type BooksWorld,
  costUsd,
  createBooksWorld,
  createCall,
  lastMonth,
  midLastMonth,
  thisMonth,
} from "./books-world.ts";

let world: BooksWorld;
beforeEach(async () => {
  world = await createBooksWorld();
});
afterEach(() => world.drop());

const everything = { recompute: Number.POSITIVE_INFINITY, retentionDays: 60 };

async function ask(narrowed: Partial<Asked> = {}): Promise<Finding[]> {
  return (await askBooks(world.database, { ...everything, ...narrowed })).findings;
}

/** In one line each, in an order of their own. */
async function found(narrowed: Partial<Asked> = {}): Promise<string[]> {
  const findings = await ask(narrowed);
  return findings.map(({ what, whose, is, shouldBe }) => `${what} ${whose}: ${is} / ${shouldBe}`).toSorted();
}

const lines = (expected: readonly (string | RegExp)[]) =>
  expected.map((line) => (typeof line === "string" ? line : expect.stringMatching(line)));

const day = (month: string) => `${month}-\\d\\d`;

describe("books in which nothing is amiss", () => {
  it("have no findings, whatever is under way, and however narrow they are asked", async () => {
    expect(await askBooks(world.database, { ...everything, platformQuotaUsd: "1" })).toEqual({
      calls: 4,
      accounts: 6,
      findings: [],
      isCut: false,
    });
    expect(await found({ month: thisMonth })).toEqual([]);
    expect(await found({ month: lastMonth, creatorId: "creator_1" })).toEqual([]);
    expect(await askBooks(world.database, { ...everything, creatorId: "creator_2" })).toMatchObject({
      calls: 0,
      accounts: 1,
      findings: [],
    });
  });

  it("may have events that were kept for long enough", async () => {
    await world.plant(
      `DELETE FROM "Outbox" WHERE "id" = 'evt_1'; DELETE FROM "Outbox" WHERE "type" = 'charge.closed'`,
    );
    expect(await found({ retentionDays: 1 })).toEqual([]);
  });

  it("may have a bound that a cost above its hold has passed, or that was lowered since", async () => {
    await world.plant(`UPDATE "Creator" SET "quotaUsd" = 0.01 WHERE "id" = 'creator_1'`);
    expect(await found({ month: thisMonth })).toHaveLength(1);
    await world.plant(
      `UPDATE "UsageLog" SET "holdUsd" = 0.00001 WHERE "id" = 'call_2'; UPDATE "Creator" SET "quotaUsd" = 0.041 WHERE "id" = 'creator_1'`,
    );
    expect(await found({ month: thisMonth })).toEqual([]);
    await world.plant(`
      INSERT INTO "CreatorHistory" ("creatorId", "planName", "quotaUsd", "validFrom", "validTo")
        VALUES ('creator_1', 'starter', 1, now() - interval '100 days', now());
      UPDATE "Creator" SET "quotaUsd" = 0.01 WHERE "id" = 'creator_1'`);
    expect(await found({ month: thisMonth })).toEqual([]);
  });

  it("may have a key's budget that was lowered since, as the audit log has it", async () => {
    await world.plant(`UPDATE "ApiKey" SET "budgetUsd" = 0.01`);
    expect(await found()).toHaveLength(1);
    await world.plant(`
      INSERT INTO "AuditEntry" ("id", "actor", "operation", "target", "requestId", "changes")
      VALUES ('aud_1', 'admin', 'updateApiKey', 'key_1', 'req_1', '{"budgetUsd": "0.01"}')`);
    expect(await found()).toEqual([]);
  });

  it("may have a call that was settled after its month was charged, or while it was", async () => {
    const { database } = world;
    const payer = { creatorId: "creator_1", apiKeyId, month: new Date(`${lastMonth}-01T00:00:00Z`) };
    const { closedAt } = await database.prisma.monthlyCharge.findFirstOrThrow();
    const afterClose = (seconds: number) => new Date(Number(closedAt) + seconds * 1_000);
    for (const [id, settledAt] of [
      ["call_5", afterClose(3_600)],
      ["call_6", afterClose(59)],
      ["call_7", afterClose(-59)],
    ] as const) {
      await createCall(database, id, "job_1", { startedAt: midLastMonth, settledAt });
      await addToAccounts(database, payer, { spentUsd: costUsd });
    }
    expect(await found()).toEqual([]);
    await database.prisma.usageLog.update({ where: { id: "call_7" }, data: { settledAt: afterClose(-61) } });
    expect(await found()).toEqual([`charge_off creator_1 ${lastMonth}: cost 0.00155 / 0.0031 to 0.00465`]);
  });

  it("may have a charged cost that an operator has corrected since", async () => {
    await world.plant(`
      UPDATE "UsageLog" SET "byOperator" = true, "estimated" = true, "costUsd" = 0.002 WHERE "id" = 'call_1';
      UPDATE "DailyUsage" SET "costUsd" = 0.002 WHERE "day" < '${thisMonth}-01';
      UPDATE "Account" SET "spentUsd" = "spentUsd" + 0.00045
        WHERE "kind" = 'key' OR "id" IN ('creator:creator_1:${lastMonth}', 'platform:${lastMonth}')`);
    expect(await found()).toEqual([]);
  });

  it("may have what is under repair", async () => {
    await world.plant(`
      UPDATE "UsageLog" SET "deadlineAt" = now() - interval '9 minutes' WHERE "id" = 'call_4';
      UPDATE "LiveJob" SET "attemptDeadlineAt" = now() - interval '1 hour' WHERE "id" = 'job_3';
      UPDATE "Lease" SET "until" = now() - interval '9 minutes';
      UPDATE "JobRecord" SET "heldUsd" = 0.02, "heldMonth" = '${thisMonth}-01', "finishedAt" = now() - interval '9 minutes' WHERE "id" = 'job_2';
      UPDATE "LiveJob" SET "heldUsd" = 0 WHERE "id" = 'job_3';
      UPDATE "Delivery" SET "status" = 'pending', "claimedAt" = now() - interval '9 minutes', "createdAt" = now() - interval '1 day';
      UPDATE "WebhookEndpoint" SET "deletedAt" = now() - interval '9 minutes'`);
    expect(await found()).toEqual([]);
    await world.plant(
      `DELETE FROM "Lease"; UPDATE "LiveJob" SET "attemptDeadlineAt" = now() - interval '9 minutes' WHERE "id" = 'job_3'`,
    );
    expect(await found()).toEqual([]);
  });

  it("may have a job that failed, was retried, and was told of each time", async () => {
    await world.plant(`
      UPDATE "JobRecord" SET "retries" = 1 WHERE "id" = 'job_1';
      INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId", "jobEnd") VALUES ('evt_0', 'job.failed', 'creator_1', 'job_1', '{}')`);
    expect(await found()).toEqual([]);
    await world.plant(`DELETE FROM "Outbox" WHERE "id" = 'evt_0'`);
    expect(await found()).toEqual([]);
  });

  it("may have an operator's word, and an answer that Postgres would not keep", async () => {
    await world.plant(
      `UPDATE "UsageLog" SET "byOperator" = true, "usageMetadata" = NULL WHERE "id" = 'call_1'`,
    );
    await world.plant(
      `UPDATE "UsageLog" SET "errorCode" = 'not_storable', "usageMetadata" = NULL WHERE "id" = 'call_2'`,
    );
    expect(await found()).toEqual([]);
  });
});

describe("is found, and nothing else", () => {
  it.each<[string, string, (string | RegExp)[]]>([
    [
      "an account that is not the sum of its calls",
      `UPDATE "Account" SET "spentUsd" = 0.5 WHERE "id" = 'creator:creator_1:${thisMonth}'`,
      [`account_off creator:creator_1:${thisMonth}: spent 0.5 / 0.00155`],
    ],
    [
      "a key's account that does not hold what its jobs hold",
      `UPDATE "Account" SET "heldUsd" = 0.01, "unknownUsd" = 0 WHERE "kind" = 'key'`,
      ["account_off key:key_1: held 0.01 / 0.03", "account_off key:key_1: unknown 0 / 0.01"],
    ],
    [
      "an account of the platform that is not there",
      `DELETE FROM "Account" WHERE "id" = 'platform:${lastMonth}'`,
      [`account_off platform:${lastMonth}: spent 0 / 0.00155`],
    ],
    [
      "a day that is not the sum of its calls",
      `UPDATE "DailyUsage" SET "calls" = 7, "costUsd" = 2, "inputTokens" = 3 WHERE "day" < '${thisMonth}-01'`,
      [
        new RegExp(`^day_off creator_1 ${day(lastMonth)} test_ai gemini-3.5-flash-lite test: calls 7 / 1$`),
        / cost 2 \/ 0.00155$/,
        / input tokens 3 \/ 1000$/,
      ],
    ],
    [
      "a day that is not there",
      `DELETE FROM "DailyUsage" WHERE "day" < '${thisMonth}-01'`,
      [/ calls 0 \/ 1$/, / cost 0 \/ 0.00155$/, / input tokens 0 \/ 1000$/, / output tokens 0 \/ 500$/],
    ],
    [
      "a charge that is not what it is made of",
      `UPDATE "MonthlyCharge" SET "costUsd" = 0.002, "amountUsd" = 7, "planName" = 'business' WHERE "creatorId" = 'creator_1'`,
      [
        /^charge_off creator_1 \S+: amount 7 \/ \d+$/,
        `charge_off creator_1 ${lastMonth}: by agent 0.00155 / 0.002`,
        `charge_off creator_1 ${lastMonth}: by feature 0.00155 / 0.002`,
        `charge_off creator_1 ${lastMonth}: cost 0.002 / 0.00155`,
        /^charge_off creator_1 \S+: terms business, \$\d+.00, billed \/ starter, \$\d+.00, billed$/,
      ],
    ],
    [
      "a closed account without its charge, and a charge of an account that is open",
      `DELETE FROM "MonthlyCharge" WHERE "creatorId" = 'creator_1'; UPDATE "Account" SET "closedAt" = NULL WHERE "creatorId" = 'creator_2'`,
      [
        `charge_off creator_1 ${lastMonth}: account closed / open: there is no charge`,
        `charge_off creator_2 ${lastMonth}: account open / closed`,
      ],
    ],
    [
      "a quota that was passed",
      `UPDATE "Creator" SET "quotaUsd" = 0.0415 WHERE "id" = 'creator_1'`,
      [`bound_passed creator:creator_1:${thisMonth}: 0.04155 / 0.0415 at most`],
    ],
    [
      "a month's quota that was passed, and lifted since",
      `INSERT INTO "CreatorHistory" ("creatorId", "planName", "quotaUsd", "validFrom", "validTo")
         VALUES ('creator_1', 'starter', 0.001, '${lastMonth}-01', '${thisMonth}-01');
       UPDATE "Creator" SET "quotaUsd" = 1, "validFrom" = '${thisMonth}-01' WHERE "id" = 'creator_1'`,
      [`bound_passed creator:creator_1:${lastMonth}: 0.00155 / 0.001 at most`],
    ],
    [
      "a month's quota of a plan that was passed, and lifted since",
      // Each of the terms was in force in one month alone.
      `UPDATE "Creator" SET "quotaUsd" = NULL WHERE "id" = 'creator_1';
       DELETE FROM "CreatorHistory"; DELETE FROM "PlanHistory";
       INSERT INTO "PlanHistory" ("planName", "priceUsd", "quotaUsd", "ratePerHour", "burst", "weight", "usage", "validFrom", "validTo")
         VALUES ('starter', 0, 1, 1, 1, 1, 'billed', '2020-01-01', '${lastMonth}-01T00:00Z'),
           ('starter', 0, 0.001, 1, 1, 1, 'billed', '${lastMonth}-01T00:00Z', '${thisMonth}-01T00:00Z')`,
      [`bound_passed creator:creator_1:${lastMonth}: 0.00155 / 0.001 at most`],
    ],
    [
      "a key's budget that was passed",
      `UPDATE "ApiKey" SET "budgetUsd" = 0.04`,
      ["bound_passed key:key_1: 0.0431 / 0.04 at most"],
    ],
    [
      "a cost that does not follow from its tokens, nor from its price",
      `UPDATE "UsageLog" SET "usageMetadata" = '{"promptTokenCount": 1001, "candidatesTokenCount": 500}' WHERE "id" = 'call_1'`,
      ["cost_off call_1: cost 0.00155 / 0.0015503", "cost_off call_1: tokens 1000 0 500 0 / 1001 0 500 0"],
    ],
    [
      "a cost without a usage that is no upper bound",
      `UPDATE "UsageLog" SET "usageMetadata" = NULL WHERE "id" = 'call_2'`,
      ["cost_off call_2: cost 0.00155 / estimated, 0.01 at most"],
    ],
    [
      "a price that was not in force",
      `INSERT INTO "Price" ("model", "serviceTier", "validFrom", "inputUsd", "outputUsd", "cachedUsd", "audioInputUsd", "audioCachedUsd", "source")
       SELECT "model", "serviceTier", '${lastMonth}-15T11:00:00Z', 9, 9, 9, 9, 9, 'test' FROM "Price" WHERE "id" = (SELECT "priceId" FROM "UsageLog" LIMIT 1);
       UPDATE "UsageLog" SET "byOperator" = true WHERE "id" = 'call_2'`,
      [/^cost_off call_1: price price \d+ \/ price \d+$/],
    ],
    [
      "a call that nobody gives up",
      `UPDATE "UsageLog" SET "deadlineAt" = now() - interval '11 minutes' WHERE "id" = 'call_4'`,
      [/^call_open call_4: started, past its deadline since \S+ \S+ \/ settled, released or unknown$/],
    ],
    [
      "a call that another pays than whose job it is",
      `UPDATE "JobRecord" SET "apiKeyId" = NULL WHERE "id" = 'job_1'`,
      ["call_payer call_1: creator_1, key_1 pays / creator_1, whose job it is"],
    ],
    [
      "a job that has ended and holds",
      `UPDATE "JobRecord" SET "heldUsd" = 0.02, "heldMonth" = '${thisMonth}-01' WHERE "id" = 'job_1';
       UPDATE "LiveJob" SET "heldUsd" = 0 WHERE "id" = 'job_3'`,
      ["job_holds job_1: completed, and holds 0.02 / nothing held"],
    ],
    [
      "a job that has ended and is among the live, one that is neither, and one of the live that is no job",
      `INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt")
         VALUES ('job_1', 'test', 'creator_1', 1, 0, now()), ('job_9', 'test', 'creator_1', 1, 0, now());
       UPDATE "Account" SET "heldUsd" = "heldUsd" - 0.02 WHERE "heldUsd" > 0;
       DELETE FROM "LiveJob" WHERE "id" = 'job_3'`,
      [
        "job_astray job_1: ended, and among the live / among the live until it ends",
        "job_astray job_3: not ended, and not among the live / among the live until it ends",
        "row_without live job job_9: names the job job_9 / a job that is there",
      ],
    ],
    [
      "a job under the lease of a dead worker",
      `UPDATE "Lease" SET "until" = now() - interval '11 minutes'`,
      ["job_dead job_3: running under the lease of worker_1, which is over / taken over"],
    ],
    [
      "a job under a lease that is gone, past its time",
      `DELETE FROM "Lease"; UPDATE "LiveJob" SET "attemptDeadlineAt" = now() - interval '11 minutes' WHERE "id" = 'job_3'`,
      ["job_dead job_3: running under the lease of worker_1, which is over / taken over"],
    ],
    [
      "an end that no event tells",
      `DELETE FROM "Outbox" WHERE "id" = 'evt_1'`,
      ["end_untold job_1: completed, and no event tells it / one event"],
    ],
    [
      "an end that is told as another",
      `UPDATE "Outbox" SET "type" = 'job.failed' WHERE "id" = 'evt_1'`,
      ["end_untold job_1: told as job.failed / job.completed"],
    ],
    [
      "one end that is told twice, and an end that was not",
      `INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId") VALUES ('evt_9', 'job.completed', 'creator_1', 'job_1'), ('evt_8', 'job.failed', 'creator_1', 'job_3')`,
      [
        "end_told_twice job_1: completed, retried 0 times, 2 events, 2 of its last end / one event for each end",
        "end_told_twice job_3: running, retried 0 times, 1 events, 1 of its last end / one event for each end",
      ],
    ],
    [
      "a delivery that was claimed and not tried",
      `UPDATE "Delivery" SET "status" = 'pending', "claimedAt" = now() - interval '11 minutes'`,
      [/^delivery_half_open dlv_1 to ep_1: pending, claimed at \S+ \S+ \/ /],
    ],
    [
      "a delivery that has no time",
      `UPDATE "Delivery" SET "status" = 'pending'`,
      [/^delivery_half_open dlv_1 to ep_1: pending, and has no time for its next try \/ /],
    ],
    [
      "a delivery to an endpoint that is gone",
      `UPDATE "Delivery" SET "status" = 'pending', "nextTryAt" = now(), "createdAt" = now() - interval '1 day';
       UPDATE "WebhookEndpoint" SET "disabledAt" = now() - interval '11 minutes'`,
      [/^delivery_half_open dlv_1 to ep_1: pending, to an endpoint that is gone \/ /],
    ],
    [
      "an alert that no event tells",
      `DELETE FROM "Outbox" WHERE "type" = 'quota.threshold'`,
      [`alert_untold alert_1: quota_threshold creator_1:${thisMonth}:50, and no event tells it / one event`],
    ],
    [
      "a threshold without its alert",
      `UPDATE "Account" SET "alertedPercent" = 80 WHERE "alertedPercent" = 50`,
      [`threshold_untold creator:creator_1:${thisMonth}: 80 % alerted, without an alert / an alert`],
    ],
  ])("%s", async (_name, sql, expected) => {
    await world.plant(sql);
    expect(await found()).toEqual(lines(expected));
    for (const finding of await ask()) expect(todoOf(finding)).toMatch(/^[A-Z].*\.$/);
  });

  it("a call that another month pays than that of its start", async () => {
    await world.plant(`UPDATE "UsageLog" SET "month" = '${pastMonth(2)}-01' WHERE "id" = 'call_4'`);
    expect(await found()).toEqual(
      expect.arrayContaining([`call_month call_4: ${pastMonth(2)} pays / ${thisMonth}`]),
    );
  });

  it("the platform's budget that was passed, of this month", async () => {
    expect(await found({ platformQuotaUsd: "0.001" })).toEqual([
      `bound_passed platform:${thisMonth}: 0.04155 / 0.001 at most`,
    ]);
  });
});

describe("what is amiss in thousands of rows", () => {
  it("is told of a thousand, and that there is more", async () => {
    await world.plant(
      `INSERT INTO "Step" ("jobId", "key", "agentId", "result") SELECT 'job_gone', n, 'test_ai', '{}' FROM generate_series(1, 1001) AS n`,
    );
    const report = await askBooks(world.database, everything);
    expect(report.findings).toHaveLength(1_000);
    expect(report.isCut).toBe(true);
  });
});

describe("narrowed", () => {
  beforeEach(async () => {
    await world.plant(`
      UPDATE "Account" SET "spentUsd" = 0.5;
      UPDATE "DailyUsage" SET "calls" = 9;
      UPDATE "UsageLog" SET "costUsd" = 0.5 WHERE "status" = 'settled';
      DELETE FROM "Outbox" WHERE "jobId" IS NOT NULL`);
  });

  it("to a month: neither other months nor keys", async () => {
    const whose = (await ask({ month: lastMonth })).map(({ what, whose }) => `${what} ${whose}`);
    expect(whose).toContain("cost_off call_1");
    expect(whose).toContain(`account_off creator:creator_2:${lastMonth}`);
    expect(whose).toContain("end_untold job_1");
    expect(
      whose.filter((one) => /key_1|call_2|job_2|20\d\d-\d\d/.test(one.replaceAll(lastMonth, ""))),
    ).toEqual([]);
  });

  it("to a creator: neither others nor what is not theirs alone", async () => {
    const whose = (await ask({ creatorId: "creator_2" })).map(({ what, whose }) => `${what} ${whose}`);
    expect(whose).toEqual([`account_off creator:creator_2:${lastMonth}`]);
    expect((await ask({ creatorId: "creator_1" })).map((one) => one.whose)).toContain("call_2");
  });

  it("to the latest calls whose costs are worked out anew", async () => {
    const costs = async (recompute: number) =>
      (await ask({ recompute })).filter(({ what }) => what === "cost_off").map(({ whose }) => whose);
    expect(await costs(0)).toEqual([]);
    expect(await costs(1)).toEqual(["call_2"]);
    expect(await costs(2)).toEqual(["call_2", "call_1"]);
  });
});

/** What rows name without a foreign key, since that costs more than it is worth where attempts write: the audit alone asks. */
const withoutKey = [
  ['"UsageLog"', ["jobId", "creatorId", "apiKeyId", "priceId"]],
  ['"Step"', ["jobId"]],
  ['"Outbox"', ["jobId", "creatorId"]],
  ['"Insight"', ["jobId"]],
  ['"Alert"', ["creatorId"]],
] as const;

describe("a row without what it names", () => {
  it("is found for each foreign key that there is, and where there is none", async () => {
    const known = await world.database.prisma.$queryRaw<{ table: string; column: string }[]>`
      SELECT conrelid::regclass::text AS "table", quote_ident(attname) AS "column"
      FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
      WHERE contype = 'f' ORDER BY 1, 2`;
    const others = withoutKey.flatMap(([table, columns]) =>
      columns.map((column) => ({ table, column: `"${column}"` })),
    );
    const keys = [...known, ...others];
    expect(keys.length).toBeGreaterThan(25);
    expect(new Set(keys.map(({ table, column }) => table + column)).size).toBe(keys.length);
    for (const { table, column } of keys) {
      const [row] = await world.database.prisma.$queryRawUnsafe<{ ctid: string; was: string }[]>(
        `SELECT ctid::text, ${column}::text AS "was" FROM ${table} WHERE ${column} IS NOT NULL LIMIT 1`,
      );
      if (!row) throw new Error(`The world has no ${table} with ${column}.`);
      const set = (value: string, where: string) =>
        world.plant(`UPDATE ${table} SET ${column} = '${value}' WHERE ${where}`);
      await set("987654", `ctid = '${row.ctid}'`);
      const without = (await ask()).filter(({ what }) => what === "row_without");
      expect([table, column, without]).toEqual([
        table,
        column,
        [expect.objectContaining({ is: expect.stringMatching(/^names the [a-z]+ 987654$/) })],
      ]);
      await set(row.was, `${column} = '987654'`);
    }
    expect(await found()).toEqual([]);
  });
});
