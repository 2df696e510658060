import { beforeAll, describe, expect, it } from "@jest/globals";
import type { CostEfficiencyQuery } from "@understudy/contracts";
import { newId, type Prisma } from "@understudy/database";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { costEfficiency } from "../src/cost-efficiency.ts";
import { Money } from "../src/money.ts";
import { writeCalls } from "./ended-call.ts";

const now = new Date("2026-11-22T18:00:00Z");
const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;
/** When the first job begins; each one after it 181 minutes later. */
const firstStart = Date.parse("2026-10-25T00:00:00Z");
const startOf = (index: number) => new Date(firstStart + index * 181 * minuteMs);

const { database: books, zoned } = await openStrictSuiteDatabase();
let calls: Prisma.UsageLogGetPayload<{ include: { job: true; price: true } }>[];

beforeAll(async () => {
  await writeJobs();
  calls = await books.prisma.usageLog.findMany({ include: { job: true, price: true } });
});

/** What the database asks of a job in this state. */
function endOf(status: string | undefined) {
  if (status === "running") return { attempt: 1, startedAt: now, attemptDeadlineAt: now };
  if (status === "completed") return { result: {}, finishedAt: now };
  if (status === "cancelled") return { finishedAt: now };
  return { errorCode: "test", errorMessage: "test", errorRetryable: false, finishedAt: now };
}

/** 240 jobs over 30 days, in every state; each third calls a step again, each fourth has it repaired. */
async function writeJobs(): Promise<void> {
  const { prisma } = books;
  const models = ["gemini-2.5-flash", "gemini-2.5-pro"];
  const prices = await prisma.price.findMany({
    where: { model: { in: models }, serviceTier: "standard" },
    orderBy: { validFrom: "asc" },
  });
  await prisma.creator.createMany({ data: ["a", "b"].map((id) => ({ id, planName: "business" })) });
  const statuses = ["completed", "failed", "blocked", "cancelled", "completed", "running"] as const;
  const jobs = Array.from({ length: 240 }, (_, index) => ({
    id: newId("job"),
    creatorId: "ab"[index % 2] ?? "",
    agent: "test",
    feature: "test",
    model: models[index % 2] ?? "",
    input: {},
    status: statuses[index % statuses.length] ?? "completed",
    ...endOf(statuses[index % statuses.length]),
    startsAt: startOf(index).getTime(),
  }));
  await prisma.job.createMany({ data: jobs.map(({ startsAt: _, ...job }) => job) });
  const calls = jobs.flatMap((job, index) => {
    const steps = [["draft", 1]] as [string, number][];
    if (index % 4 === 0) steps.push(["draft:repair", 1]);
    if (index % 3 === 0) steps.push(["draft", 2]);
    steps.push(["check", index % 3 === 0 ? 2 : 1]);
    return steps.map(([stepKey, attempt], place) => {
      const status = (["settled", "settled", "settled", "released", "unknown"] as const)[(index + place) % 5];
      const settled = status === "settled";
      // Some of them at the very same moment, and an hour apart: in one period, or across its end.
      const startedAt = new Date(job.startsAt + place * (index % 5) * 20 * minuteMs);
      return {
        id: newId("call"),
        jobId: job.id,
        attempt,
        stepKey,
        creatorId: job.creatorId,
        agentId: index % 5 < 3 ? "test_ai" : "other_ai",
        feature: index % 7 === 0 ? "rare" : "test",
        model: job.model,
        serviceTier: "standard" as const,
        status: status ?? "settled",
        month: new Date(Date.UTC(startedAt.getUTCFullYear(), startedAt.getUTCMonth(), 1)),
        priceId: prices.find(({ model }) => model === job.model)?.id ?? 0,
        holdUsd: "0.0123",
        costUsd: settled ? new Money(index + place).times("0.000000123457").toFixed() : null,
        ...(status === "released" && { costUsd: "0" }),
        // The dearer rates of gemini-2.5-pro begin above 200,000.
        inputTokens: settled ? 100_000 + index * 900 : 0,
        cachedTokens: settled ? index * 17 : 0,
        outputTokens: settled ? 20 + index : 0,
        thoughtTokens: settled ? index * 3 : 0,
        startedAt,
        deadlineAt: new Date(startedAt.getTime() + minuteMs),
        settledAt: new Date(startedAt.getTime() + 1_000),
      };
    });
  });
  await prisma.usageLog.createMany({ data: calls });
}

/** The same sums, one call after another. */
function sumCalls(query: CostEfficiencyQuery & { from: Date; to: Date }) {
  const sums = {
    costUsd: new Money(0),
    failedUsd: new Money(0),
    blockedUsd: new Money(0),
    retriedUsd: new Money(0),
    unknownUsd: new Money(0),
    cacheSavedUsd: new Money(0),
    thoughtsUsd: new Money(0),
  };
  const tokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };
  const step = (call: { stepKey: string }) => call.stepKey.replace(/:repair$/, "");
  for (const call of calls) {
    if (call.startedAt < query.from || call.startedAt >= query.to) continue;
    if ((query.creatorId ?? call.creatorId) !== call.creatorId) continue;
    if ((query.model ?? call.model) !== call.model || (query.feature ?? call.feature) !== call.feature)
      continue;
    if ((query.agent ?? call.agentId) !== call.agentId) continue;
    const cost = call.costUsd?.toFixed() ?? "0";
    const { price } = call;
    const long = price.longContextAbove !== null && call.inputTokens > price.longContextAbove;
    const rate = (of: "Input" | "Cached" | "Output") =>
      new Money(
        (long ? price[`long${of}Usd`] : price[`${of.toLowerCase() as "input"}Usd`])?.toFixed() ?? Number.NaN,
      ).div(1_000_000);
    const add = (sum: keyof typeof sums, usd: string | InstanceType<typeof Money>) => {
      sums[sum] = sums[sum].plus(usd);
    };
    add("costUsd", cost);
    if (call.status === "unknown") add("unknownUsd", call.holdUsd.toFixed());
    add("cacheSavedUsd", rate("Input").minus(rate("Cached")).times(call.cachedTokens));
    add("thoughtsUsd", rate("Output").times(call.thoughtTokens));
    for (const name of Object.keys(tokens) as (keyof typeof tokens)[]) tokens[name] += call[name];
    const calledAgain = calls.some(
      (later) =>
        later.jobId === call.jobId &&
        step(later) === step(call) &&
        +later.startedAt < +query.to + dayMs &&
        (later.attempt > 1 || later.stepKey.endsWith(":repair")) &&
        (later.startedAt > call.startedAt || (+later.startedAt === +call.startedAt && later.id > call.id)),
    );
    if (call.job.status === "failed" || call.job.status === "cancelled") add("failedUsd", cost);
    else if (call.job.status === "blocked") add("blockedUsd", cost);
    else if (calledAgain) add("retriedUsd", cost);
  }
  const inUsd = Object.entries(sums).map(([name, sum]) => [name, sum.toFixed()]);
  return { ...Object.fromEntries(inUsd), ...tokens };
}

describe("efficiency", () => {
  it.each<[string, CostEfficiencyQuery & { from: Date; to: Date }]>([
    ["all time", { from: new Date("2026-01-01"), to: new Date("2027-01-01") }],
    ["the current month", { from: new Date("2026-11-01"), to: new Date("2026-12-01") }],
    [
      "a period that ends between two calls of a job",
      { from: new Date("2026-10-25T18:30:00Z"), to: new Date("2026-10-28T00:17:00Z") },
    ],
    ["a period from one call's very start to another's", { from: startOf(30), to: startOf(91) }],
    ["one agent", { agent: "other_ai", from: new Date("2026-10-01"), to: new Date("2026-12-01") }],
    ["one creator", { creatorId: "a", from: new Date("2026-10-01"), to: new Date("2026-12-01") }],
    [
      "one model and feature",
      {
        model: "gemini-2.5-pro",
        feature: "rare",
        from: new Date("2026-10-01"),
        to: new Date("2026-12-01"),
      },
    ],
    ["nothing", { from: new Date("2027-01-01"), to: new Date("2027-02-01") }],
  ])("of %s is the sum over its calls", async (_name, query) => {
    expect(await costEfficiency(zoned, query, now)).toEqual(sumCalls(query));
  });

  it("sums of each kind of waste are there to be compared", async () => {
    const { failedUsd, blockedUsd, retriedUsd, unknownUsd, cacheSavedUsd, thoughtsUsd } =
      await costEfficiency(zoned, { from: new Date("2026-01-01"), to: new Date("2027-01-01") }, now);
    for (const usd of [failedUsd, blockedUsd, retriedUsd, unknownUsd, cacheSavedUsd, thoughtsUsd])
      expect(Number(usd)).toBeGreaterThan(0);
  });

  it("looks for another call of a step until a day after the period, and no longer", async () => {
    const dayAfter = Date.parse("2027-02-07T00:00:00Z");
    for (const [creatorId, ms] of Object.entries({ in_time: -1, too_late: 0 })) {
      const call = { creatorId, costUsd: "1" };
      await writeCalls(books, [
        { ...call, startedAt: new Date("2027-02-05T23:00:00Z") },
        { ...call, startedAt: new Date(dayAfter + ms), attempt: 2 },
      ]);
    }
    const period = { from: new Date("2027-02-05"), to: new Date("2027-02-06") };
    const retried = async (creatorId: string) =>
      (await costEfficiency(zoned, { creatorId, ...period }, now)).retriedUsd;
    expect(await retried("in_time")).toBe("1");
    expect(await retried("too_late")).toBe("0");
  });

  it("counts two calls alike, one on a whole day and one on a part of a day, as two", async () => {
    const call = { creatorId: "twins", costUsd: "1" };
    await writeCalls(books, [
      { ...call, startedAt: new Date("2027-02-10T13:00:00Z") },
      { ...call, startedAt: new Date("2027-02-11T13:00:00Z") },
    ]);
    const period = { from: new Date("2027-02-10T12:00:00Z"), to: new Date("2027-02-12") };
    expect(await costEfficiency(zoned, { creatorId: "twins", ...period }, now)).toMatchObject({
      costUsd: "2",
      inputTokens: 200,
    });
  });
});
