import {
  linearRegression,
  linearRegressionLine,
  mean,
  rSquared,
  sampleStandardDeviation,
} from "simple-statistics";

/** A row of numbers under one name, in the order in which they came. */
export interface Series {
  /** Where it was found: `platforms.instagram.likes`. */
  name: string;
  points: { label: string; value: number }[];
}

/** What can be said of a series by arithmetic alone. Rounded to four places. */
export interface SeriesFacts {
  name: string;
  count: number;
  total: number;
  mean: number;
  first: number;
  last: number;
  /** Change from the first to the last, as a share of the first; none where that was 0. */
  growth?: number;
  /** Change for each step, by least squares. */
  slope?: number;
  trend?: "rising" | "falling" | "level";
  best: { label: string; value: number };
  worst: { label: string; value: number };
}

/** The next value of a series if it goes on as it did. */
export interface Prediction {
  name: string;
  value: number;
  /** Two standard errors to either side. */
  low: number;
  high: number;
  /** 0 to 1: how much of the series the line explains, less for few points. */
  confidence: number;
}

/** Reactions for each follower or view of one object. */
export interface EngagementRate {
  name: string;
  rate: number;
}

const labelNames = /^(?:date|day|week|month|year|period|time|at|label|name|title|id|platform|type)$/i;
const reactionNames = /^(?:likes|comments|shares|saves|replies|reactions|retweets|reposts)$/i;
const audienceNames = [/^(?:reach|impressions|views)$/i, /^(?:followers|subscribers|fans|audience)$/i];

/** All rows of numbers in loosely formed JSON: lists of numbers, and each numeric field of a list of objects. */
export function seriesIn(json: unknown, path: readonly string[] = []): Series[] {
  if (Array.isArray(json)) return seriesOfList(json, path);
  if (!isRecord(json)) return [];
  const numbers = Object.entries(json).filter((entry): entry is [string, number] => isFigure(entry[1]));
  // Fields named by a day, a month or a place in a row are one series; other single figures are not.
  const isTimeline =
    numbers.length >= 2 &&
    numbers.every(([name]) =>
      /^(?:\d{4}-\d{2}(?:-\d{2})?|w(?:eek)?_?\d+|q[1-4]|\d{1,4}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)/i.test(
        name,
      ),
    );
  const own = isTimeline
    ? [{ name: path.join(".") || "values", points: numbers.map(([label, value]) => ({ label, value })) }]
    : [];
  return [...own, ...Object.entries(json).flatMap(([name, value]) => seriesIn(value, [...path, name]))];
}

function seriesOfList(list: readonly unknown[], path: readonly string[]): Series[] {
  const name = path.join(".") || "values";
  if (list.length > 0 && list.every(isFigure)) {
    return [{ name, points: list.map((value, index) => ({ label: String(index + 1), value })) }];
  }
  const byField = new Map<string, Series>();
  const nested: Series[] = [];
  for (const [index, row] of list.entries()) {
    if (!isRecord(row)) continue;
    const labelled = Object.entries(row).find(([field, value]) => labelNames.test(field) && isLabel(value));
    const label = labelled ? String(labelled[1]) : String(index + 1);
    for (const [field, value] of Object.entries(row)) {
      if (isFigure(value) && field !== labelled?.[0]) {
        const series = byField.get(field) ?? { name: `${name}.${field}`, points: [] };
        series.points.push({ label, value });
        byField.set(field, series);
      } else {
        nested.push(...seriesIn(value, [...path, label, field]));
      }
    }
  }
  return [...byField.values(), ...nested];
}

/** Totals, means, growth, trend, best and worst of a series that has a point at least. */
export function factsOf({ name, points }: Series): SeriesFacts {
  const values = points.map(({ value }) => value);
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  const byValue = points.toSorted((one, other) => other.value - one.value);
  const average = mean(values);
  const slope =
    values.length >= 3 ? linearRegression(values.map((value, index) => [index, value])).m : undefined;
  return {
    name,
    count: values.length,
    total: round(values.reduce((sum, value) => sum + value, 0)),
    mean: round(average),
    first,
    last,
    ...(values.length >= 2 && first !== 0 && { growth: round((last - first) / Math.abs(first)) }),
    ...(slope !== undefined && { slope: round(slope), trend: trendOf(slope, average) }),
    best: byValue[0] ?? { label: "", value: 0 },
    worst: byValue.at(-1) ?? { label: "", value: 0 },
  };
}

/** One more point, by least squares; undefined for fewer than three points, which show no line. */
export function predict({ name, points }: Series): Prediction | undefined {
  const count = points.length;
  if (count < 3) return undefined;
  const pairs = points.map(({ value }, index) => [index, value]);
  const lineAt = linearRegressionLine(linearRegression(pairs));
  const value = lineAt(count);
  const residuals = points.map((point, index) => point.value - lineAt(index));
  const error = sampleStandardDeviation(residuals);
  const isFlat = new Set(points.map((point) => point.value)).size === 1;
  const explained = isFlat ? 1 : Math.max(0, rSquared(pairs, lineAt));
  const neverNegative = points.every((point) => point.value >= 0);
  const bounded = (figure: number) => round(neverNegative ? Math.max(0, figure) : figure);
  return {
    name,
    value: bounded(value),
    low: bounded(value - 2 * error),
    high: bounded(value + 2 * error),
    confidence: round(explained * (1 - 1 / Math.sqrt(count)), 2),
  };
}

/** Wherever an object has reactions beside those who saw it (or else who follow), their share. */
export function engagementRatesIn(json: unknown, path: readonly string[] = []): EngagementRate[] {
  if (typeof json !== "object" || json === null) return [];
  const entries = Object.entries(json);
  const reactions = entries.filter(([name, value]) => reactionNames.test(name) && isFigure(value));
  const audience = audienceNames
    .map((names) => entries.find(([name, value]) => names.test(name) && isFigure(value) && value > 0))
    .find((entry) => entry !== undefined);
  const sum = reactions.reduce((total, [, value]) => total + Number(value), 0);
  const own =
    audience && reactions.length > 0
      ? [{ name: path.join(".") || "all", rate: round(sum / Number(audience[1])) }]
      : [];
  return [...own, ...entries.flatMap(([name, value]) => engagementRatesIn(value, [...path, name]))];
}

/** A change within one hundredth of the mean for each step is none. */
function trendOf(slope: number, average: number): "rising" | "falling" | "level" {
  const most = Math.abs(average) * 0.01;
  if (slope > most) return "rising";
  return slope < -most ? "falling" : "level";
}

function round(value: number, places = 4): number {
  return Number(value.toFixed(places));
}

const isFigure = (value: unknown): value is number => Number.isFinite(value);
const isLabel = (value: unknown) => typeof value === "string" || typeof value === "number";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
