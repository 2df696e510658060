import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Charge } from "@understudy/contracts";
import { charges, closeMonth } from "../../src/index.ts";
import type { EndedCall } from "../ended-call.ts";
import { openClockedDatabase } from "./clocked-database.ts";

const clocked = await openClockedDatabase("2024-06-01T12:00:00Z");

beforeEach(() => clocked.clear());

async function chargeOf(creatorId: string, month: string): Promise<Charge> {
  const { items } = await charges(clocked.database, { month, creatorId, limit: 1 });
  if (!items[0]) throw new Error(`${creatorId} has no charge for ${month}`);
  return items[0];
}

async function close(month: string): Promise<void> {
  expect(await closeMonth(clocked.database, month)).toMatchObject({ result: { notYetCount: 0 } });
}

const call = (creatorId: string, day: string, costUsd: string, more: Partial<EndedCall> = {}): EndedCall => ({
  creatorId,
  startedAt: new Date(`${day}T12:00:00Z`),
  costUsd,
  ...more,
});

const tokens = (inputTokens: number, cachedTokens: number, outputTokens: number, thoughtTokens: number) => ({
  inputTokens,
  cachedTokens,
  outputTokens,
  thoughtTokens,
});

describe("a charge", () => {
  it("sums calls of all days and models by agent and by feature, and is told and kept as it is drafted", async () => {
    await clocked.createCreators({ psy: "2024-02-01T00:00:00Z", katy: "2024-02-01T00:00:00Z" });
    const sales = { agentId: "sales_ai", feature: "upsell" };
    await clocked.spend([
      call("psy", "2024-02-03", "0.000000000001", { ...sales, tokens: tokens(1000, 200, 30, 4) }),
      call("psy", "2024-02-03", "0.02", {
        ...sales,
        model: "gemini-2.5-pro",
        tokens: tokens(2000, 100, 50, 6),
      }),
      call("psy", "2024-02-28", "0.3", { ...sales, tokens: tokens(4000, 400, 70, 8) }),
      call("psy", "2024-02-28", "4", { agentId: "sales_ai", feature: "chat", tokens: tokens(8, 7, 6, 5) }),
      call("psy", "2024-02-28", "50", { agentId: "chat_ai", feature: "upsell", tokens: tokens(16, 1, 2, 3) }),
      call("psy", "2024-02-28", "600", { agentId: "chat_ai", feature: "chat", tokens: tokens(32, 0, 1, 0) }),
      call("katy", "2024-02-28", "7000", { agentId: "chat_ai", feature: "chat" }),
    ]);
    const share = (calls: number, sums: object, costUsd: string) => ({ calls, ...sums, costUsd });
    const draft = await chargeOf("psy", "2024-02");
    expect(draft).toEqual({
      creatorId: "psy",
      month: "2024-02",
      status: "draft",
      plan: "business",
      planPriceUsd: "0",
      usage: "billed",
      costUsd: "654.320000000001",
      roundedUsd: "654.32",
      adjustments: [],
      amountUsd: "654.32",
      tokensInput: 7056,
      tokensOutput: 185,
      byAgent: {
        chat_ai: share(2, tokens(48, 1, 3, 3), "650"),
        sales_ai: share(4, tokens(7008, 707, 156, 23), "4.320000000001"),
      },
      byFeature: {
        chat: share(2, tokens(40, 7, 7, 5), "604"),
        upsell: share(4, tokens(7016, 701, 152, 21), "50.320000000001"),
      },
    });
    expect(Object.keys(draft.byAgent)).toEqual(["chat_ai", "sales_ai"]);
    expect(Object.keys(draft.byFeature)).toEqual(["chat", "upsell"]);

    await close("2024-02");
    const closed = { ...draft, status: "closed", closedAt: "2024-06-01T12:00:00.000Z" };
    expect(await chargeOf("psy", "2024-02")).toEqual(closed);
    const { rows } = await clocked.hand.query(
      `SELECT "creatorId", "payload" FROM "Outbox" WHERE "type" = 'charge.closed' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { creatorId: "katy", payload: await chargeOf("katy", "2024-02") },
      { creatorId: "psy", payload: closed },
    ]);
  });
});

describe("usage that comes late", () => {
  const reason = (month: string) => `usage settled after ${month} was closed`;
  const adjustment = (amountUsd: string, originMonth: string) => ({
    amountUsd,
    reason: reason(originMonth),
    originMonth,
  });

  it("in two months at once is adjusted for each of them, once, in their order", async () => {
    await clocked.createCreators({ psy: "2024-01-01T00:00:00Z", katy: "2024-01-01T00:00:00Z" });
    await clocked.spend([call("psy", "2024-01-05", "1"), call("katy", "2024-02-05", "3")]);
    await close("2024-02");
    await clocked.spend([
      call("psy", "2024-02-06", "0.4"),
      call("psy", "2024-01-06", "0.03"),
      call("katy", "2024-01-06", "0.5"),
    ]);
    const adjusted = {
      psy: [adjustment("0.03", "2024-01"), adjustment("0.4", "2024-02")],
      katy: [adjustment("0.5", "2024-01")],
    };
    expect(await chargeOf("psy", "2024-03")).toMatchObject({ adjustments: adjusted.psy, amountUsd: "0.43" });
    expect(await chargeOf("katy", "2024-03")).toMatchObject({ adjustments: adjusted.katy });
    await close("2024-03");
    expect(await chargeOf("psy", "2024-03")).toMatchObject({ adjustments: adjusted.psy, amountUsd: "0.43" });

    // Each month again, after March has billed a part of what was late: then what is later still.
    expect((await chargeOf("psy", "2024-04")).adjustments).toEqual([]);
    await clocked.spend([call("psy", "2024-01-07", "0.1"), call("psy", "2024-02-07", "0.2")]);
    expect((await chargeOf("psy", "2024-04")).adjustments).toEqual([
      adjustment("0.1", "2024-01"),
      adjustment("0.2", "2024-02"),
    ]);
    await close("2024-04");
    await clocked.spend([call("psy", "2024-01-08", "0.07"), call("katy", "2024-03-08", "0.6")]);
    expect((await chargeOf("psy", "2024-05")).adjustments).toEqual([adjustment("0.07", "2024-01")]);
    expect((await chargeOf("katy", "2024-05")).adjustments).toEqual([adjustment("0.6", "2024-03")]);
  });

  it("in a month that was charged first is none of an earlier one's", async () => {
    await clocked.createCreators({ psy: "2024-03-01T00:00:00Z" });
    await close("2024-03");
    // A clock was off: an account of February comes to light when March is charged and late already.
    await clocked.spend([call("psy", "2024-02-29", "1"), call("psy", "2024-03-05", "2")]);
    expect(await chargeOf("psy", "2024-02")).toMatchObject({
      status: "draft",
      costUsd: "1",
      adjustments: [],
    });
    await close("2024-02");
    expect(await chargeOf("psy", "2024-02")).toMatchObject({ status: "closed", amountUsd: "1" });
    expect((await chargeOf("psy", "2024-04")).adjustments).toEqual([adjustment("2", "2024-03")]);
    await clocked.spend([call("psy", "2024-02-28", "0.3")]);
    expect((await chargeOf("psy", "2024-04")).adjustments).toEqual([
      adjustment("0.3", "2024-02"),
      adjustment("2", "2024-03"),
    ]);
  });
});

describe("the terms of a charge", () => {
  const end = "2024-03-01T00:00:00.000Z";

  /** A creator was on a plan until a time. `id`: which of several changes at one time came first. */
  const wasOn = (creatorId: string, planName: string, validTo: string, id: number) =>
    clocked.hand.query(
      `INSERT INTO "CreatorHistory" ("id", "creatorId", "planName", "validFrom", "validTo")
       VALUES ($1, $2, $3, '2024-01-01', $4)`,
      [id, creatorId, planName, validTo],
    );
  /** A plan cost so much until a time. */
  const didCost = (planName: string, priceUsd: string, usage: Charge["usage"], validTo: string, id: number) =>
    clocked.hand.query(
      `INSERT INTO "PlanHistory" ("id", "planName", "priceUsd", "ratePerHour", "burst", "weight", "usage", "validFrom",
         "validTo") VALUES ($1, $2, $3, 1, 1, 1, $4, '2024-01-01', $5)`,
      [id, planName, priceUsd, usage, validTo],
    );

  it("are those that its end came upon, however often they have changed since", async () => {
    const madeAt = "2024-01-01T00:00:00Z";
    await clocked.createCreators({ before: madeAt, later: madeAt, same: madeAt, still: madeAt });
    await clocked.hand.query(
      `UPDATE "Plan" SET "priceUsd" = 9, "usage" = 'included' WHERE "name" = 'starter'`,
    );
    await clocked.hand.query(`DELETE FROM "PlanHistory"`);
    const lastMs = "2024-02-29T23:59:59.999Z";
    await wasOn("before", "starter", lastMs, 1);
    // Not written in the order in which they changed.
    await wasOn("later", "starter", "2024-05-01T00:00:00Z", 2);
    await wasOn("later", "pro", "2024-03-15T00:00:00Z", 3);
    await wasOn("same", "starter", end, 5);
    await wasOn("same", "pro", end, 4);
    await didCost("business", "1", "included", lastMs, 1);
    await didCost("pro", "30", "billed", "2024-05-01T00:00:00Z", 2);
    await didCost("pro", "40", "billed", end, 4);
    await didCost("pro", "20", "included", end, 3);
    const terms = async (creatorId: string) => {
      const { plan, planPriceUsd, usage } = await chargeOf(creatorId, "2024-02");
      return `${plan} ${planPriceUsd} ${usage}`;
    };
    expect(await terms("before")).toBe("business 0 billed");
    expect(await terms("later")).toBe("pro 20 included");
    expect(await terms("same")).toBe("pro 20 included");
    expect(await terms("still")).toBe("business 0 billed");
    const { plan, planPriceUsd } = await chargeOf("later", "2024-04");
    expect(`${plan} ${planPriceUsd}`).toBe("starter 9");
  });

  it("are of now where they have never changed, and of a plan's past where the creator stayed on it", async () => {
    const madeAt = "2024-01-01T00:00:00Z";
    await clocked.createCreators({ abba: madeAt, psy: madeAt, zz_top: madeAt });
    await clocked.hand.query(`UPDATE "Creator" SET "planName" = 'pro' WHERE "id" <> 'psy'`);
    await clocked.hand.query(`DELETE FROM "CreatorHistory"`);
    await didCost("business", "0.005", "included", "2024-05-01T00:00:00Z", 1);
    expect(await chargeOf("psy", "2024-04")).toMatchObject({ planPriceUsd: "0.01", usage: "included" });
    expect(await chargeOf("psy", "2024-05")).toMatchObject({ planPriceUsd: "0", usage: "billed" });
    const { items } = await charges(clocked.database, { month: "2024-05", limit: 9 });
    expect(items.map(({ creatorId, plan }) => `${creatorId} ${plan}`)).toEqual([
      "abba pro",
      "psy business",
      "zz_top pro",
    ]);
  });
});
