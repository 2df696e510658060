import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement, newId, type Statement } from "@understudy/database";
import {
  createPastCalls,
  type PlannedStatement,
  pastMonth,
  planStatement,
  rowsLookedAt,
  tooMuchLookedAt,
} from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { newCallOf } from "../src/opening.ts";
import { toPost } from "../src/posting.ts";
import { intents, openCalls } from "./running-jobs.ts";

/** How Postgres goes about each statement that moves money, where many calls have ended, are open, or were lost. */

const { url, database } = await openSuiteDatabase();
const ledger = new Ledger(database);
afterSuite(() => ledger.close());
const endedMany = 20_000;
const many = 500;
const lastMonth = pastMonth(1);

/** Calls of as many creators and keys. */
interface Calls {
  open: readonly CallIntent[];
  lost: readonly CallIntent[];
  intended: readonly CallIntent[];
}

const answer = ({ id }: CallIntent) => ({
  ...{ id, status: "settled", costUsd: "0.01", estimated: false, provider: "emulator" },
  ...{ inputTokens: 1, cachedTokens: 0, outputTokens: 1, thoughtTokens: 0 },
});

const charge = (_: unknown, place: number) => ({
  ...{
    creatorId: `creator_${place + 1}`,
    month: lastMonth,
    planName: "business",
    planPriceUsd: "0",
    usage: "billed",
  },
  ...{ costUsd: "0", roundedUsd: "0", adjustments: [], amountUsd: "0", tokensInput: 0, tokensOutput: 0 },
  ...{ byAgent: {}, byFeature: {}, closedAt: new Date(), eventId: newId("evt"), event: {} },
});

type Case = [name: string, statement: string, items: (calls: Calls, count: number) => readonly object[]];

const cases: Case[] = [
  [
    "settling, and opening the next",
    "write-attempts",
    ({ open, intended }, count) =>
      open.slice(0, count).map((call, place) => {
        const { jobId, attempt } = call;
        const next = newCallOf({ ...(intended[place] as CallIntent), jobId, attempt });
        return { jobId, attempt, answers: [answer(call)], steps: [], open: next };
      }),
  ],
  [
    "opening",
    "write-attempts",
    ({ intended }, count) =>
      intended.slice(0, count).map((call) => {
        const { jobId, attempt } = call;
        return { jobId, attempt, answers: [], steps: [], open: newCallOf(call) };
      }),
  ],
  [
    "opening without room",
    "write-attempts",
    ({ intended }, count) =>
      intended.slice(0, count).map((call) => {
        const { jobId, attempt } = call;
        return { jobId, attempt, answers: [], steps: [], open: { ...newCallOf(call), holdUsd: "1000" } };
      }),
  ],
  ["giving up", "give-up-calls", (_, limit) => [{ limit }]],
  [
    "noting that an answer is lost",
    "lose-calls",
    ({ open }, count) => open.slice(0, count).map(({ id }) => ({ id, isCancelled: true })),
  ],
  [
    "an operator's word",
    "resolve-unknown",
    ({ lost }, count) => lost.slice(0, count).map(({ id }) => ({ id, costUsd: "0.01" })),
  ],
  ["closing", "charges/write-charges", (_, count) => Array.from({ length: count }, charge)],
];

const statements = new Map<string, Statement>(
  cases.map(([, name]) => [name, loadStatement(new URL(`../src/${name}.sql`, import.meta.url))]),
);

/** Planned while there was nothing, and not since. */
const early = new Map<string, PlannedStatement>();
let calls: Calls;

beforeAll(async () => {
  for (const [name, statement] of statements) {
    const planned = await planStatement(url, statement);
    early.set(name, planned);
    afterSuite(planned.close);
  }
  await createPastCalls(database, { month: lastMonth, creators: many, calls: endedMany });
  await database.prisma.$executeRaw`
    INSERT INTO "ApiKey" ("id", "name", "secretHash", "budgetUsd")
    SELECT 'key_' || n, 'of a test', sha256(n::text::bytea), 9 FROM generate_series(1, ${many}::int) AS n`;
  const wishes = Array.from({ length: many }, (_, place) => ({
    creatorId: newId("evt"),
    apiKeyId: `key_${place + 1}`,
    holdUsd: "0.5",
  }));
  const late = { timeoutSeconds: 0 };
  const lost = await openCalls(
    database,
    ledger,
    wishes.map((wish) => ({ ...wish, ...late })),
  );
  await ledger.giveUpCalls(many);
  await openCalls(
    database,
    ledger,
    wishes.map((wish) => ({ ...wish, ...late })),
  );
  const open = await openCalls(database, ledger, wishes);
  calls = { open, lost, intended: await intents(database, ledger, wishes) };
});

/** For each item so many rows at most, in all parts of a plan together. */
const rowsMax = (items: number) => 250 * (items + 1);

describe.each(cases)("%s", (_, name, itemsOf) => {
  it.each([1, 20, many])(
    "looks at none but its %i calls, by a plan from before there were any",
    async (count) => {
      const plan = await early.get(name)?.run(toPost(itemsOf(calls, count)));
      expect(tooMuchLookedAt(plan ?? [], rowsMax(count))).toEqual([]);
      expect(rowsLookedAt(plan ?? [])).toBeGreaterThanOrEqual(2 * count);
    },
  );

  it.each([1, 20, many])("looks at none but its %i calls, by a plan from now", async (count) => {
    await database.prisma.$executeRaw`ANALYZE`;
    const planned = await planStatement(url, statements.get(name) as Statement);
    const plan = await planned.run(toPost(itemsOf(calls, count)));
    expect(tooMuchLookedAt(plan, rowsMax(count))).toEqual([]);
    await planned.close();
  });
});
