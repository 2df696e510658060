import { describe, expect, it } from "@jest/globals";
import { booksAgree, type ChargeBasis, computeCharge } from "../../src/charges/compute-charge.ts";
import { monthBefore } from "../../src/charges/month.ts";

const tokens = { inputTokens: 100, cachedTokens: 40, outputTokens: 20, thoughtTokens: 5 };

function share(costUsd: string, agentId = "messaging_ai", feature = "fan_message") {
  return { agentId, feature, calls: 1, ...tokens, costUsd };
}

function basis(change: Partial<ChargeBasis> = {}): ChargeBasis {
  return {
    creatorId: "psy",
    month: "2026-10",
    plan: "pro",
    planPriceUsd: "0",
    usage: "billed",
    spentUsd: "0",
    shares: [],
    lateMonths: [],
    ...change,
  };
}

const rounded = (costUsd: string) => computeCharge(basis({ shares: [share(costUsd)] })).roundedUsd;

describe("a charge", () => {
  it.each([
    ["0.005", "0.01"],
    ["0.004999999999", "0"],
    ["1.005", "1.01"],
    ["1.015", "1.02"],
    ["2.675", "2.68"],
    ["0.125", "0.13"],
    ["99999999.995", "100000000"],
  ])("rounds %s half up to %s", (costUsd, expected) => {
    expect(rounded(costUsd)).toBe(expected);
  });

  it("rounds the month once, not its calls or its agents", () => {
    const shares = [share("0.004"), share("0.004", "sales_ai"), share("0.004", "sales_ai", "upsell")];
    const charge = computeCharge(basis({ shares }));
    expect(charge).toMatchObject({ costUsd: "0.012", roundedUsd: "0.01", amountUsd: "0.01" });
  });

  it("adds the plan's price to billed usage, and bills none that is included", () => {
    const shares = [share("1.234567890123")];
    expect(computeCharge(basis({ planPriceUsd: "29.9", shares })).amountUsd).toBe("31.13");
    expect(computeCharge(basis({ planPriceUsd: "29.9", shares, usage: "included" }))).toMatchObject({
      costUsd: "1.234567890123",
      roundedUsd: "1.23",
      amountUsd: "29.9",
    });
  });

  it("says what each agent and feature cost, adding up to the whole", () => {
    const shares = [share("0.1"), share("0.02", "sales_ai"), share("0.003", "sales_ai", "upsell")];
    const charge = computeCharge(basis({ shares }));
    expect(charge.byAgent).toEqual({
      messaging_ai: { calls: 1, ...tokens, costUsd: "0.1" },
      sales_ai: {
        calls: 2,
        inputTokens: 200,
        cachedTokens: 80,
        outputTokens: 40,
        thoughtTokens: 10,
        costUsd: "0.023",
      },
    });
    expect(Object.keys(charge.byFeature)).toEqual(["fan_message", "upsell"]);
    expect(charge).toMatchObject({ costUsd: "0.123", tokensInput: 300, tokensOutput: 75 });
  });

  it("takes any word for a feature's name", () => {
    const { byFeature } = computeCharge(
      basis({ shares: [share("0.1", "a", "__proto__"), share("0.2", "a", "toString")] }),
    );
    expect(JSON.parse(JSON.stringify(Object.entries(byFeature)))).toMatchObject([
      ["__proto__", { costUsd: "0.1" }],
      ["toString", { costUsd: "0.2" }],
    ]);
  });

  it("is in cents, also where the plan's price is not", () => {
    const charge = computeCharge(basis({ planPriceUsd: "9.995", shares: [share("0.015")] }));
    expect(charge).toMatchObject({ planPriceUsd: "10", roundedUsd: "0.02", amountUsd: "10.02" });
  });
});

describe("an adjustment", () => {
  const late = (spentUsd: string, roundedUsd: string, adjustedUsd = "0") =>
    computeCharge(basis({ lateMonths: [{ month: "2026-09", spentUsd, roundedUsd, adjustedUsd }] }));

  it("bills what was settled after its month was closed", () => {
    const charge = late("1.5", "1.23");
    expect(charge.adjustments).toEqual([
      { amountUsd: "0.27", reason: "usage settled after 2026-09 was closed", originMonth: "2026-09" },
    ]);
    expect(charge).toMatchObject({ costUsd: "0", roundedUsd: "0", amountUsd: "0.27" });
  });

  it("is made once", () => {
    expect(late("1.5", "1.23", "0.27").adjustments).toEqual([]);
  });

  it("is none while it is less than half a cent, and comes when parts of cents have added up", () => {
    // 1.231 was charged as 1.23; 0.001, then 0.002, then 0.002 come late, each in another month.
    expect(late("1.232", "1.23").adjustments).toEqual([]);
    expect(late("1.234", "1.23").adjustments).toEqual([]);
    expect(late("1.236", "1.23").adjustments).toMatchObject([{ amountUsd: "0.01" }]);
    expect(late("1.238", "1.23", "0.01").adjustments).toEqual([]);
    expect(late("1.2451", "1.23", "0.01").adjustments).toMatchObject([{ amountUsd: "0.01" }]);
  });

  it("stands beside included usage: the month that it comes from was billed", () => {
    const lateMonths = [{ month: "2026-08", spentUsd: "2", roundedUsd: "1", adjustedUsd: "0.5" }];
    const charge = computeCharge(
      basis({ usage: "included", planPriceUsd: "5", shares: [share("3")], lateMonths }),
    );
    expect(charge.amountUsd).toBe("5.5");
  });
});

describe("the books", () => {
  it("agree to the last digit or not at all", () => {
    const shares = [share("0.000000000001"), share("1")];
    expect(booksAgree(basis({ shares, spentUsd: "1.000000000001" }))).toBe(true);
    expect(booksAgree(basis({ shares, spentUsd: "1" }))).toBe(false);
    expect(booksAgree(basis())).toBe(true);
  });
});

describe("the month before", () => {
  it.each([
    ["2026-10", "2026-09"],
    ["2026-01", "2025-12"],
    ["2024-03", "2024-02"],
  ])("%s is %s", (month, before) => {
    expect(monthBefore(month)).toBe(before);
  });
});
