import { beforeEach, describe, expect, it } from "@jest/globals";
import { readChargeBases } from "../../src/charges/charge-basis.ts";
import { closeMonth } from "../../src/index.ts";
import { openClockedDatabase } from "./clocked-database.ts";

const clocked = await openClockedDatabase("2024-06-01T12:00:00Z");

beforeEach(() => clocked.clear());

const basesOf = (month: string, creatorIds: string[]) =>
  readChargeBases(clocked.database.execute, month, creatorIds);

describe("what a charge is made of", () => {
  it("is zero without an account, and nothing at all without a creator", async () => {
    await clocked.createCreators({ psy: "2024-01-01T00:00:00Z" });
    expect(await basesOf("2024-02", ["nobody", "psy"])).toEqual([
      {
        creatorId: "psy",
        month: "2024-02",
        plan: "business",
        planPriceUsd: "0.000000000000",
        usage: "billed",
        spentUsd: "0",
        shares: [],
        lateMonths: [],
      },
    ]);
  });

  it("has of other months those that came before and have changed since they were charged", async () => {
    await clocked.createCreators({ psy: "2024-01-01T00:00:00Z" });
    const spend = (day: string, costUsd: string) =>
      clocked.spend([{ creatorId: "psy", startedAt: new Date(`2024-${day}T12:00:00Z`), costUsd }]);
    await spend("01-05", "1");
    await spend("02-05", "2");
    await spend("03-05", "4");
    await closeMonth(clocked.database, "2024-03");
    const lateMonths = async (month: string) =>
      (await basesOf(month, ["psy"])).map((basis) => basis.lateMonths);
    expect(await lateMonths("2024-04")).toEqual([[]]);
    await spend("02-06", "0.5");
    const february = { month: "2024-02", spentUsd: "2.500000000000", roundedUsd: "2.00", adjustedUsd: "0" };
    expect(await lateMonths("2024-01")).toEqual([[]]);
    expect(await lateMonths("2024-02")).toEqual([[]]);
    expect(await lateMonths("2024-03")).toEqual([[february]]);
    expect(await lateMonths("2024-04")).toEqual([[february]]);
  });
});
