import { describe, expect, it } from "@jest/globals";
import { apiPeriod, daysOf, presetPeriod, readPeriod } from "../src/pages/costs/period.ts";

const now = new Date("2027-01-01T00:30:00Z");

describe("a period", () => {
  it("is of UTC days, over the ends of months and years", () => {
    expect(presetPeriod("last month", now)).toEqual({ from: "2026-12-01", to: "2026-12-31" });
    expect(presetPeriod("7 days", now)).toEqual({ from: "2026-12-26", to: "2027-01-01" });
    expect(presetPeriod("this month", now)).toEqual({ from: "2027-01-01", to: "2027-01-01" });
  });

  it("has both ends in the page, and the first alone in the API", () => {
    expect(apiPeriod({ from: "2026-12-31", to: "2026-12-31" })).toEqual({
      from: "2026-12-31",
      to: "2027-01-01",
    });
    expect(daysOf({ from: "2026-12-30", to: "2027-01-01" })).toEqual([
      "2026-12-30",
      "2026-12-31",
      "2027-01-01",
    ]);
  });

  it("is this month where the address says nothing that can be", () => {
    expect(readPeriod("2026-02-31x", undefined, now)).toEqual({ from: "2027-01-01", to: "2027-01-01" });
    expect(readPeriod("2026-05-02", "2026-05-01", now)).toEqual({ from: "2026-05-01", to: "2026-05-02" });
  });
});
