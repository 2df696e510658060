import type { CostForecast } from "@understudy/contracts";
import { type Decimal, Money } from "./money.ts";
import { dayMs, dayNumber } from "./utc-days.ts";

/** A week: weekdays and weekends count as they do in a month. */
const meanDays = 7;

/** What a forecast goes by. Days are numbers of days since 1970-01-01, in UTC. */
export interface ForecastDays {
  /** The month's first day: from here on calls are spent. */
  monthFrom: number;
  monthTo: number;
  /** The week of full days: [recentFrom, today). */
  recentFrom: number;
  today: number;
}

export function forecastDays(now: Date): ForecastDays {
  const today = dayNumber(now.getTime());
  return {
    monthFrom: dayNumber(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)),
    monthTo: dayNumber(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)),
    recentFrom: today - meanDays,
    today,
  };
}

/**
 * What the current UTC month will have cost at its end, by the mean day of the last week, or of as many full days
 * as there are. Where there is none, today's cost so far stands for a day's.
 *
 * @param firstDay the first with a call; null: none at all
 */
export function forecastMonth(
  { monthFrom, monthTo, today }: ForecastDays,
  { spentUsd, recentUsd, firstDay }: { spentUsd: Decimal; recentUsd: Decimal; firstDay: number | null },
  now: Date,
): CostForecast {
  const fullDays = Math.min(meanDays, today - (firstDay ?? today));
  const meanDayUsd = fullDays > 0 ? recentUsd.div(fullDays) : spentUsd;
  const daysLeft = new Money(monthTo * dayMs - now.getTime()).div(dayMs);
  const rounded = (amount: Decimal, places: number) => amount.toDecimalPlaces(places).toFixed();
  const basis =
    fullDays > 0
      ? `the mean of the last ${fullDays} full UTC day${fullDays === 1 ? "" : "s"}`
      : "what it cost so far, since there is no full day to go by";
  return {
    month: new Date(monthFrom * dayMs).toISOString().slice(0, 7),
    spentUsd: spentUsd.toFixed(),
    forecastUsd: rounded(meanDayUsd.times(daysLeft).plus(spentUsd), 2),
    method: `spent so far, plus ${rounded(daysLeft, 2)} days left at $${rounded(meanDayUsd, 4)} a day: ${basis}`,
  };
}
