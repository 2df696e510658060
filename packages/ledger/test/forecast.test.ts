import { describe, expect, it } from "@jest/globals";
import { forecastDays, forecastMonth } from "../src/forecast.ts";
import { Money } from "../src/money.ts";

const dayOf = (day: string) => Date.parse(`${day}T00:00:00Z`) / 86_400_000;

describe("the days that a forecast goes by", () => {
  it.each([
    ["2024-02-01T00:00:00.000Z", "2024-02-01", "2024-03-01", "2024-01-25", "2024-02-01"],
    ["2024-02-29T23:59:59.999Z", "2024-02-01", "2024-03-01", "2024-02-22", "2024-02-29"],
    ["2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01", "2026-12-24", "2026-12-31"],
    ["2027-01-01T00:00:00.000Z", "2027-01-01", "2027-02-01", "2026-12-25", "2027-01-01"],
  ])("at %s are those of the month from %s to %s, and of the week from %s to %s", (now, ...days) => {
    const { monthFrom, monthTo, recentFrom, today } = forecastDays(new Date(now));
    expect([monthFrom, monthTo, recentFrom, today]).toEqual(days.map(dayOf));
  });
});

describe("a forecast", () => {
  const now = new Date("2026-11-20T12:00:00Z");
  const forecast = (spentUsd: string, recentUsd: string, firstDay: string | null) =>
    forecastMonth(
      forecastDays(now),
      {
        spentUsd: new Money(spentUsd),
        recentUsd: new Money(recentUsd),
        firstDay: firstDay === null ? null : dayOf(firstDay),
      },
      now,
    );

  it("is what was spent, to the last digit, and the mean of the full days there are, for the time that is left", () => {
    expect(forecast("100.000000000001", "70", "2026-01-01")).toEqual({
      month: "2026-11",
      spentUsd: "100.000000000001",
      forecastUsd: "205",
      method: "spent so far, plus 10.5 days left at $10 a day: the mean of the last 7 full UTC days",
    });
    expect(forecast("1", "1.00005", "2026-11-13").method).toMatch(
      /at \$0\.1429 a day: the mean of the last 7 /,
    );
    expect(forecast("1", "6", "2026-11-14").method).toMatch(
      /at \$1 a day: the mean of the last 6 full UTC days$/,
    );
    expect(forecast("1", "6", "2026-11-19")).toMatchObject({
      forecastUsd: "64",
      method: expect.stringMatching(/at \$6 a day: the mean of the last 1 full UTC day$/),
    });
  });

  it.each([["2026-11-20"], [null]])("goes by today where the first call is of %s", (firstDay) => {
    expect(forecast("0.333", "5", firstDay)).toMatchObject({
      forecastUsd: "3.83",
      method: expect.stringMatching(/at \$0\.333 a day: what it cost so far, since there is no full day/),
    });
  });

  it("is rounded half up to cents", () => {
    expect(forecast("0.005", "0", "2026-01-01").forecastUsd).toBe("0.01");
    expect(forecast("0.004999999999", "0", "2026-01-01").forecastUsd).toBe("0");
  });
});
