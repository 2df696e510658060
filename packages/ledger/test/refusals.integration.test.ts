import { beforeEach, describe, expect, it } from "@jest/globals";
import { loadStatement, newId } from "@understudy/database";
import { openStrictSuiteDatabase, openSuiteDatabase } from "@understudy/testkit/suite";
import { raiseRefusals } from "../src/alerts/refusals.ts";
import { type EndedCall, writeCalls } from "./ended-call.ts";

const minuteMs = 60_000;
const now = Date.parse("2026-11-22T18:30:00Z");

const { database, zoned, setTime } = await openStrictSuiteDatabase(4);
const creatorId = newId("evt");
let model: string;

beforeEach(async () => {
  model = newId("evt");
  await setTime(new Date(now));
});

/** A refused call of the test's model that was answered so long before `now`, a second after its start. */
function refusal(agoMs: number, { httpStatus = 429, ...call }: Partial<EndedCall> = {}): EndedCall {
  const settledAt = new Date(now - agoMs);
  const about = { creatorId, model, status: "released", provider: "gemini", httpStatus } as const;
  const startedAt = new Date(settledAt.getTime() - 1_000);
  return {
    ...about,
    errorCode: httpStatus === 429 ? "resource_exhausted" : "refused",
    ...call,
    startedAt,
    settledAt,
  };
}

const answer = (agoMs: number, of = model): EndedCall => ({
  ...{ creatorId, model: of, httpStatus: 200, status: "settled", startedAt: new Date(now - agoMs) },
});

const many = (count: number, agoMs: number, call?: Partial<EndedCall>) =>
  Array.from({ length: count }, () => refusal(agoMs, call));

/** What has been told of the test's model, or by a reason of its own. */
async function told(...calls: EndedCall[]) {
  await writeCalls(database, calls);
  await raiseRefusals(zoned);
  const rows = await database.prisma.alert.findMany({
    where: { key: { contains: model } },
    orderBy: { key: "asc" },
  });
  return rows.map(({ type, payload }) => ({ type, ...(payload as object) }));
}

describe("a key that is refused", () => {
  it.each([
    [401, undefined, true],
    [403, undefined, true],
    [400, "API_KEY_INVALID", true],
    [400, undefined, false],
    [402, undefined, false],
    [404, undefined, false],
  ])("is told of by %d with the reason %s: %s", async (httpStatus, reason, isTold) => {
    const errorCode = `of_${model}`;
    const words = reason === undefined ? {} : { providerWords: { reason } };
    await writeCalls(database, [refusal(1_000, { httpStatus, errorCode, ...words })]);
    const before = await database.prisma.alert.count({ where: { type: "provider_key_refused" } });
    await raiseRefusals(zoned);
    const after = await database.prisma.alert.count({ where: { type: "provider_key_refused" } });
    expect(after - before).toBe(isTold ? 1 : 0);
  });

  it("is told of by the code of its answer, else the status, where there is no reason", async () => {
    const codes = [
      { errorCode: `code_${model}` },
      { errorCode: `other_${model}`, providerWords: { requestId: "r" } },
    ];
    const alerts = await told(...codes.map((call) => refusal(1_000, { httpStatus: 401, ...call })));
    expect(alerts).toMatchObject([{ reason: `code_${model}` }, { reason: `other_${model}` }]);
    const { errorCode: _, ...bare } = refusal(2_000, { httpStatus: 403 });
    await told(bare);
    const key = { startsWith: "gemini:http_403:" };
    expect(await database.prisma.alert.count({ where: { key } })).toBe(1);
  });

  it("is told of for each provider, also where nobody knows which it was", async () => {
    const of = { httpStatus: 401, errorCode: `code_${model}` };
    const { provider: _, ...unknown } = refusal(1_000, of);
    expect(await told(unknown, refusal(1_000, of))).toMatchObject([
      { provider: "gemini" },
      { provider: "unknown" },
    ]);
  });

  it("is looked for in the last hour, its first moment included", async () => {
    const of = (code: string) => ({ httpStatus: 401, errorCode: `${code}_${model}` });
    const calls = [refusal(60 * minuteMs, of("in")), refusal(60 * minuteMs + 1, of("out"))];
    expect(await told(...calls)).toMatchObject([{ reason: `in_${model}` }]);
  });

  it("is told once a day for each reason, with the first call", async () => {
    const of = (reason: string) => ({ httpStatus: 403, providerWords: { reason: `${reason}_${model}` } });
    const alerts = await told(refusal(5_000, of("A")), refusal(9_000, of("A")), refusal(7_000, of("B")));
    const type = "provider_key_refused";
    expect(alerts).toMatchObject([
      { type, provider: "gemini", reason: `A_${model}` },
      { type, reason: `B_${model}` },
    ]);
    const [first] = await database.prisma.usageLog.findMany({
      where: { model },
      orderBy: { settledAt: "asc" },
    });
    expect(alerts).toMatchObject([{ callId: first?.id }, {}]);
    expect(await told(refusal(1_000, of("A")))).toEqual(alerts);

    // Half an hour past midnight the evening before is known, and the new day is not.
    await setTime(new Date(now + 6 * 60 * minuteMs));
    expect(await told(refusal(-345 * minuteMs, of("A")), refusal(-315 * minuteMs, of("A")))).toHaveLength(3);
  });
});

describe("an account that is used up", () => {
  const depleted = (sinceSeconds: number) => [{ type: "provider_account_depleted", model, sinceSeconds }];

  it("is told when a model was answered 429 alone for a quarter of an hour, and not before", async () => {
    expect(await told(refusal(15 * minuteMs - 1), refusal(5 * minuteMs))).toEqual([]);
    expect(await told(refusal(15 * minuteMs))).toEqual(depleted(900));
    // Once a day.
    expect(await told(refusal(minuteMs), refusal(59 * minuteMs))).toEqual(depleted(900));
  });

  it("is not where any call of it has been answered since", async () => {
    const limited = [refusal(40 * minuteMs), refusal(20 * minuteMs), refusal(minuteMs)];
    expect(await told(...limited, answer(10 * minuteMs))).toEqual([]);
    const other = newId("evt");
    expect(await told(...many(2, minuteMs), answer(10 * minuteMs, other))).toEqual([]);
  });

  it("begins after the last answer", async () => {
    const limited = [refusal(40 * minuteMs), refusal(20 * minuteMs), refusal(minuteMs)];
    expect(await told(...limited, answer(25 * minuteMs), answer(50 * minuteMs))).toEqual(depleted(1_200));
  });

  it("is not what nobody has asked again", async () => {
    expect(await told(refusal(20 * minuteMs), refusal(11 * minuteMs + 1))).toEqual([]);
    expect(await told(refusal(11 * minuteMs))).toEqual(depleted(1_200));
    model = newId("evt");
    expect(await told(refusal(10 * minuteMs), refusal(16 * minuteMs), answer(11 * minuteMs))).toEqual([]);
  });

  it.each<[string, Partial<EndedCall>]>([
    ["a quota", { providerWords: { quota: ["GenerateContentSpendCapPerMonth"] } }],
    ["a reason", { providerWords: { reason: "BILLING_DISABLED" } }],
    ["its message", { providerMessage: "Your project has exceeded its monthly spending cap." }],
    ["its message of credits", { providerMessage: "Your prepayment credits are depleted." }],
  ])("is told at once where the provider says so by %s", async (_by, words) => {
    expect(await told(refusal(3_500, words))).toEqual(depleted(3));
    model = newId("evt");
    expect(await told(refusal(3_500, words), answer(1_000))).toEqual([]);
  });

  it("is told at once where one of several 429 says so, and of no other refusal", async () => {
    const named = { providerMessage: "Your prepayment credits are depleted." };
    expect(await told(refusal(3_500, named), refusal(2_000))).toEqual(depleted(3));
    model = newId("evt");
    const of400 = { httpStatus: 400, ...named };
    expect(await told(refusal(20 * minuteMs, of400), refusal(minuteMs, of400))).toEqual([]);
  });

  it("is told anew on each day on which it goes on", async () => {
    await setTime("2026-11-23T00:05:00Z");
    const around = [refusal(-300 * minuteMs), refusal(-325 * minuteMs), refusal(-334 * minuteMs)];
    expect(await told(...around)).toEqual(depleted(2_100));
    const [alert] = await database.prisma.alert.findMany({ where: { key: { contains: model } } });
    expect(alert?.key).toBe(`${model}:2026-11-23`);
  });

  it("is not what the provider says of each 429", async () => {
    const providerMessage = "You exceeded your current quota, please check your plan and billing details.";
    const providerWords = { quota: [`GenerateRequestsPerMinutePerProjectPerModel, ${providerMessage}`] };
    expect(await told(refusal(1_000, { providerMessage, providerWords }))).toEqual([]);
  });
});

describe("requests that are refused in the same way", () => {
  const of400 = { httpStatus: 400, errorCode: "invalid_argument" };
  const refuses = (calls: number, hour = "2026-11-22T18", errorCode = "invalid_argument") => ({
    ...{ type: "provider_refuses", model, httpStatus: 400, errorCode, hour, calls },
  });

  it("are told of at the tenth of an hour, once, with a figure that grows", async () => {
    expect(
      await told(...many(9, minuteMs, of400), ...many(9, minuteMs, { ...of400, errorCode: "x" })),
    ).toEqual([]);
    expect(await told(refusal(1_000, of400))).toEqual([refuses(10)]);
    expect(await told(...many(2, 0, of400))).toEqual([refuses(12)]);
    const events = await database.prisma.outbox.findMany({ where: { type: "alert.raised" } });
    expect(events.filter(({ payload }) => JSON.stringify(payload).includes(model))).toHaveLength(1);
    // Its figure does not shrink, and nothing is written where it stays.
    expect(await raiseRefusals(zoned)).toEqual([]);
  });

  it("count by UTC hour, whose end is looked at ten minutes longer", async () => {
    await setTime(new Date(now + 40 * minuteMs - 1));
    const early = many(10, -30 * minuteMs + 1, of400);
    const late = many(9, -30 * minuteMs, of400);
    expect(await told(...early, ...late)).toEqual([refuses(10)]);
    model = newId("evt");
    await setTime(new Date(now + 40 * minuteMs));
    expect(await told(...many(10, -30 * minuteMs + 1, of400))).toEqual([]);
  });

  it("are those of one model, status and code", async () => {
    const calls = [...many(5, 1_000, of400), ...many(5, 1_000, { ...of400, httpStatus: 412 })];
    expect(await told(...calls, ...many(5, 1_000, { ...of400, errorCode: "failed_precondition" }))).toEqual(
      [],
    );
  });

  it.each([404, 429, 500, 503])("are not what has its own way: %d", async (httpStatus) => {
    const alerts = await told(...many(10, 1_000, { httpStatus, errorCode: "same" }));
    expect(alerts.filter(({ type }) => type === "provider_refuses")).toEqual([]);
  });

  it("are told of with a status alone where there is no code", async () => {
    const calls = many(10, 1_000, { httpStatus: 400 }).map(({ errorCode: _, ...call }) => call);
    expect(await told(...calls)).toEqual([refuses(10, "2026-11-22T18", "http_400")]);
  });
});

it("of several workers that look at once each alert is raised once", async () => {
  await writeCalls(database, [
    ...many(10, 1_000, { httpStatus: 400 }),
    ...many(2, 16 * minuteMs),
    refusal(0),
  ]);
  const raised = await Promise.all(Array.from({ length: 4 }, () => raiseRefusals(database)));
  expect(
    raised
      .flat()
      .filter(({ key }) => key.includes(model))
      .map(({ type }) => type)
      .sort(),
  ).toEqual(["provider_account_depleted", "provider_refuses"]);
});

it("of many calls those alone are read that were refused in the last hour", async () => {
  const { database: big } = await openSuiteDatabase(1);
  const at = Date.now();
  await writeCalls(big, [{ creatorId, startedAt: new Date(at) }]);
  // A week of calls, every hundredth of which was refused.
  await big.prisma
    .$executeRaw`INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "agentId", "feature", "model",
      "serviceTier", "status", "month", "priceId", "holdUsd", "costUsd", "httpStatus", "startedAt", "deadlineAt", "settledAt")
    SELECT 'call_' || n, "jobId", 1, "stepKey", "creatorId", "agentId", "feature", "model", "serviceTier", 'settled', "month", "priceId",
      1, 0, CASE WHEN n % 100 = 0 THEN 429 ELSE 200 END, at, at, at
    FROM "UsageLog" CROSS JOIN generate_series(1, 20000) AS n CROSS JOIN LATERAL (SELECT now() - n * interval '30 seconds' AS at) AS moment`;
  await big.prisma.$executeRaw`ANALYZE "UsageLog"`;
  const { text } = loadStatement(new URL("../src/alerts/raise-refusals.sql", import.meta.url));
  const terms = {
    timesMin: 1,
    lateSeconds: 600,
    depletedSeconds: 900,
    pauseSecondsMax: 3_600,
    lookBackSeconds: 3_600,
  };
  const explained = await big.prisma.$queryRawUnsafe<{ "QUERY PLAN": { Plan: PlanNode }[] }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    JSON.stringify([terms]),
  );
  const scans = nodesOf(explained[0]?.["QUERY PLAN"][0]?.Plan).filter(
    (node) => node["Relation Name"] === "UsageLog",
  );
  expect(scans.map((node) => node["Index Name"])).toContain("UsageLog_refused");
  expect(scans.filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
  const read = scans.map(
    (node) => (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
  );
  expect(Math.max(...read)).toBeLessThan(125);
});

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  Plans?: PlanNode[];
}

function nodesOf(plan: PlanNode | undefined): PlanNode[] {
  return plan ? [plan, ...(plan.Plans ?? []).flatMap(nodesOf)] : [];
}
