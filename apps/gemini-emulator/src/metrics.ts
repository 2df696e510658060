import { hash } from "./hash.ts";

export interface Facts {
  insights: string[];
  recommendations: string[];
  patterns: string[];
  predictions: string[];
}

/** A figure of the prompt: `"likes": 1200` is likes, 1200. */
interface Figure {
  name: string;
  value: number;
}

/** What an analyst might say about the figures in a prompt: the figures are the prompt's, the rest is routine. */
export function factsOf(prompt: string, seed: string): Facts {
  const computed = readComputed(prompt);
  if (computed.length > 0) return explained(computed);
  const figures = readFigures(prompt);
  const top = figures.reduce<Figure | undefined>(
    (best, figure) => (best && best.value >= figure.value ? best : figure),
    undefined,
  );
  const low = figures.reduce<Figure | undefined>(
    (worst, figure) => (worst && worst.value <= figure.value ? worst : figure),
    undefined,
  );
  if (!top || !low) return withoutFigures(seed);
  const ratio = low.value > 0 ? (top.value / low.value).toFixed(1) : null;
  const day = ["Tuesday", "Wednesday", "Thursday", "Friday", "Sunday"][hash(seed) % 5];
  return {
    insights: [
      `${capitalize(top.name)} stands out at ${top.value}.`,
      low === top
        ? `There is one figure to go by: ${top.name}.`
        : `${capitalize(low.name)} is lowest at ${low.value}.`,
    ],
    recommendations: [
      `Put the next two weeks' effort where ${top.name} comes from.`,
      `Try one change at a time for ${low.name} and measure it for a week.`,
    ],
    patterns: [
      ratio && low !== top
        ? `${capitalize(top.name)} is ${ratio} times ${low.name}.`
        : `${capitalize(top.name)} carries most of the result.`,
      `Posts on a ${day} evening are worth testing against the rest.`,
    ],
    predictions: [`If nothing changes, ${top.name} stays within 5 to 10 % of ${top.value} next period.`],
  };
}

/** What a prompt says was calculated of one series. */
interface ComputedSeries {
  name: string;
  total: number;
  mean: number;
  growth?: number;
  trend?: string;
  best: { label: string; value: number };
  worst: { label: string; value: number };
}

/** Lines of JSON under a label for computed facts; what is no series is passed over. */
function readComputed(prompt: string): ComputedSeries[] {
  const lines =
    /<computed_facts>\n([\s\S]{0,20000}?)\n<\/computed_facts>/.exec(prompt)?.[1]?.split("\n") ?? [];
  return lines.flatMap((line) => {
    try {
      const fact = JSON.parse(line) as Partial<ComputedSeries>;
      return fact.name !== undefined && fact.total !== undefined && fact.best && fact.worst
        ? [fact as ComputedSeries]
        : [];
    } catch {
      return [];
    }
  });
}

function explained(all: readonly ComputedSeries[]): Facts {
  const percent = (growth: number) =>
    `${growth >= 0 ? "up" : "down"} ${Math.abs(Math.round(growth * 100))} %`;
  const chosen = all.slice(0, 3);
  return {
    insights: chosen.map(
      ({ name, total, mean, growth }) =>
        `${capitalize(plainName(name))} comes to ${total}, ${mean} on average${growth === undefined ? "" : `, ${percent(growth)} from first to last`}.`,
    ),
    recommendations: chosen.map(
      ({ name, best, worst }) =>
        `For ${plainName(name)}, do more of what was behind ${best.label} and less of what was behind ${worst.label}.`,
    ),
    patterns: chosen.map(({ name, trend, best }) =>
      trend === undefined
        ? `${capitalize(plainName(name))} peaks at ${best.label}; there is too little to see a trend.`
        : `${capitalize(plainName(name))} is ${trend}, with its peak of ${best.value} at ${best.label}.`,
    ),
    predictions: chosen.map(({ name, mean }) => `${capitalize(plainName(name))} stays near ${mean}.`),
  };
}

function plainName(path: string): string {
  return path
    .replace(/[._]/g, " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

function withoutFigures(seed: string): Facts {
  const focus = ["short videos", "live sessions", "photo sets", "personal replies"][hash(seed) % 4];
  return {
    insights: [
      "There are no figures to compare, so this rests on what is usual.",
      `Fans react most to ${focus}.`,
    ],
    recommendations: [
      `Plan ${focus} for the coming week.`,
      "Send the figures of two periods for a sounder answer.",
    ],
    patterns: ["Evenings draw more replies than mornings."],
    predictions: ["Engagement stays about level without a change."],
  };
}

function readFigures(prompt: string): Figure[] {
  const figures: Figure[] = [];
  for (const [, name = "", digits = ""] of prompt
    .slice(0, 20_000)
    .matchAll(/"?([A-Za-z][A-Za-z_ ]{1,40})"?\s*[:=]\s*"?\$?(-?\d{1,12}(?:\.\d{1,6})?)/g)) {
    const words = name
      .replace(/_/g, " ")
      .replace(/([a-z])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .trim();
    figures.push({ name: words, value: Number(digits) });
  }
  return figures.slice(0, 50);
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
