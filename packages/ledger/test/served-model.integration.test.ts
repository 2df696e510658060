import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { Money } from "../src/money.ts";
import type { Price } from "../src/price-book.ts";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { intent, runningJob } from "./running-jobs.ts";

const { database } = await openSuiteDatabase();
let ledger: Ledger;
let creatorId: string;

beforeEach(() => {
  ledger = new Ledger(database);
  creatorId = newId("evt");
});

const usage = { promptTokenCount: 1000, candidatesTokenCount: 1000, totalTokenCount: 2000 };

async function priceOf(model: string, at = new Date()): Promise<Price> {
  const price = await ledger.prices.priceOf(model, "standard", at);
  if (!price) throw new Error(`${model} has no price.`);
  return price;
}

/** A call of a model that began then, answered by another. */
async function answeredBy(
  asked: string,
  modelVersion: string | undefined,
  more: { routedTo?: string[]; startedAt?: Date; answer?: object } = {},
) {
  const job = await runningJob(database, { creatorId });
  const wish: CallIntent = {
    ...(await intent(ledger, job, "1", { price: await priceOf(asked) })),
    routedTo: more.routedTo ?? [],
  };
  const opening = await ledger.openCall(wish);
  if (opening.kind !== "open") throw new Error("There was no room.");
  await ledger.endCall(
    { ...opening, startedAt: more.startedAt ?? opening.startedAt },
    {
      ...{ kind: "answered", usage, serviceTier: "standard", provider: "emulator" },
      ...(modelVersion !== undefined && { modelVersion }),
      ...more.answer,
    },
  );
  const call = await database.prisma.usageLog.findUniqueOrThrow({
    where: { id: wish.id },
    include: { price: true },
  });
  return { id: wish.id, cost: call.costUsd?.toFixed(), call };
}

async function priced(model: string, inputUsd: string, outputUsd: string) {
  const rates = { inputUsd, outputUsd, cachedUsd: "0", audioInputUsd: "0", audioCachedUsd: "0" };
  const row = { model, serviceTier: "standard", validFrom: new Date(0), ...rates, source: "a test" } as const;
  await database.prisma.price.createMany({ data: [row], skipDuplicates: true });
  ledger.prices.refresh();
}

const reroutedAlerts = (key: string) =>
  database.prisma.alert.findMany({ where: { type: "model_rerouted", key } });

describe("a call is billed by what has answered", () => {
  it("at that model's price, which is noted with the answer", async () => {
    const { call, cost } = await answeredBy("gemini-2.5-pro", "gemini-3.8-flash", {
      routedTo: ["gemini-3.8-flash"],
      startedAt: new Date("2026-11-30T12:00:00Z"),
    });
    expect(cost).toBe("0.0045");
    expect(call).toMatchObject({
      model: "gemini-2.5-pro",
      modelVersion: "gemini-3.8-flash",
      estimated: false,
    });
    expect(call.price.model).toBe("gemini-3.8-flash");
    expect(await reroutedAlerts("gemini-2.5-pro:gemini-3.8-flash")).toEqual([]);
  });

  it.each([
    "models/gemini-3.8-flash",
    "gemini-3.8-flash-001",
    "gemini-3.8-flash-09-2026",
    "gemini-3.8-flash-2026-09-02",
  ])("whatever only dates it: %s", async (modelVersion) => {
    const startedAt = new Date("2026-11-30T12:00:00Z");
    expect((await answeredBy("gemini-3.8-flash", modelVersion, { startedAt })).cost).toBe("0.0045");
  });

  it.each([
    ["gemini-9-flash-preview-09-2026", "gemini-9-flash-preview-09-2026"],
    ["gemini-9-flash-preview-09-2026", undefined],
    ["gemini-3-flash-preview", "gemini-3-flash-preview-12-2025"],
  ])(
    "at its own price, though its name is dated or a preview's: %s answered by %s",
    async (asked, served) => {
      if (asked.startsWith("gemini-9")) await priced(asked, "1", "2");
      const { call } = await answeredBy(asked, served);
      expect([call.price.model, call.estimated]).toEqual([asked, false]);
      expect(
        await database.prisma.alert.count({ where: { type: "model_rerouted", key: { startsWith: asked } } }),
      ).toBe(0);
    },
  );

  it("never as free: such a price is of what is retired", async () => {
    const { call, cost } = await answeredBy("gemini-3.5-flash-lite", "gemini-2.0-flash-exp");
    expect([cost, call.estimated]).toEqual(["0.0028", true]);
  });

  it("as the model that was asked where it does not say", async () => {
    const { call, cost } = await answeredBy("gemini-3.5-flash-lite", undefined);
    expect([cost, call.modelVersion, call.estimated]).toEqual(["0.0028", null, false]);
  });

  it("as the dearest that it may be where nobody knows what has answered, and tells operators once", async () => {
    const routedTo = ["gemini-3.8-flash", "gemini-3.6-flash"];
    const startedAt = new Date("2026-11-30T12:00:00Z");
    const served = `gemini-9-${newId("evt").slice(4, 9).toLowerCase()}`;
    const first = await answeredBy("gemini-3.5-flash-lite", served, { routedTo, startedAt });
    expect([first.cost, first.call.estimated, first.call.modelVersion]).toEqual(["0.0045", true, served]);
    await answeredBy("gemini-3.5-flash-lite", served, { routedTo, startedAt });
    expect(await reroutedAlerts(`gemini-3.5-flash-lite:${served}`)).toMatchObject([
      {
        payload: {
          model: "gemini-3.5-flash-lite",
          modelVersion: served,
          callId: first.id,
          costUsd: "0.0045",
        },
      },
    ]);
  });

  it("and tells operators of one that nobody said would answer, though it has a price", async () => {
    const { call, cost } = await answeredBy("gemini-3.1-flash-lite", "gemini-3.5-flash-lite");
    expect([cost, call.estimated]).toEqual(["0.0028", false]);
    expect(await reroutedAlerts("gemini-3.1-flash-lite:gemini-3.5-flash-lite")).toHaveLength(1);
  });

  it("may be settled by an operator where it was estimated, once, and only at a cost", async () => {
    const { id } = await answeredBy("gemini-3.5-flash-lite", "gemini-9-nano");
    expect(await resolveUnknownCall(database, id, { writeOff: true })).toMatchObject({ kind: "not_unknown" });
    const settled = await resolveUnknownCall(database, id, { costUsd: "0.5" });
    expect(settled).toMatchObject({
      kind: "resolved",
      call: { status: "settled", costUsd: "0.5", byOperator: true },
    });
    expect(await resolveUnknownCall(database, id, { costUsd: "0.25" })).toMatchObject({
      kind: "not_unknown",
    });
    const account = await database.prisma.account.findFirstOrThrow({ where: { creatorId } });
    expect([account.spentUsd, account.heldUsd, account.unknownUsd].map((usd) => usd.toFixed())).toEqual([
      "0.5",
      "0",
      "0",
    ]);
    const day = await database.prisma.dailyUsage.aggregate({ where: { creatorId }, _sum: { costUsd: true } });
    expect(day._sum.costUsd?.toFixed()).toBe("0.5");
    const sure = await answeredBy("gemini-3.5-flash-lite", "gemini-3.5-flash-lite");
    expect(await resolveUnknownCall(database, sure.id, { costUsd: "0" })).toMatchObject({
      kind: "not_unknown",
    });
  });
});

describe("the price of a call is that of its start", () => {
  it.each([
    ["2026-12-31T23:59:59.999Z", "0.0045"],
    ["2027-01-01T00:00:00.000Z", "0.009"],
  ])("%s: 3.8-flash doubles with the year", async (at, cost) => {
    expect((await answeredBy("gemini-3.8-flash", "gemini-3.8-flash", { startedAt: new Date(at) })).cost).toBe(
      cost,
    );
  });

  it("which Postgres tells, whatever this machine's clock says", async () => {
    const job = await runningJob(database, { creatorId });
    const wish = await intent(ledger, job, "1");
    const opening = await ledger.openCall(wish);
    const { startedAt } = await database.prisma.usageLog.findUniqueOrThrow({ where: { id: wish.id } });
    expect(opening).toEqual({ ...wish, kind: "open", startedAt });
  });
});

describe("an answer without usage", () => {
  it("costs the most that its model may cost, not what was held for all", async () => {
    const job = await runningJob(database, { creatorId });
    for (const [isPromptBlocked, cost] of [
      [false, "0.25"],
      [true, "0.125"],
    ] as const) {
      const bounds = { worstUsd: new Money("0.25"), promptWorstUsd: new Money("0.125") };
      const wish = { ...(await intent(ledger, job, "1")), ...bounds };
      const opening = await ledger.openCall(wish);
      if (opening.kind !== "open") throw new Error("There was no room.");
      const answer = {
        kind: "answered",
        usage: null,
        serviceTier: "standard",
        provider: "emulator",
      } as const;
      expect((await ledger.endCall(opening, { ...answer, isPromptBlocked })).costUsd.toFixed()).toBe(cost);
    }
  });
});
