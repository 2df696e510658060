/** A period of whole UTC days, both ends included, as it stands in the address. */
export interface Period {
  from: string;
  to: string;
}

const dayMs = 86_400_000;

export const presets = ["today", "7 days", "30 days", "this month", "last month"] as const;
export type Preset = (typeof presets)[number];

export function presetPeriod(preset: Preset, now: Date): Period {
  const today = utcDay(now.getTime());
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  switch (preset) {
    case "today":
      return { from: today, to: today };
    case "7 days":
      return { from: utcDay(now.getTime() - 6 * dayMs), to: today };
    case "30 days":
      return { from: utcDay(now.getTime() - 29 * dayMs), to: today };
    case "this month":
      return { from: utcDay(Date.UTC(year, month, 1)), to: today };
    case "last month":
      return { from: utcDay(Date.UTC(year, month - 1, 1)), to: utcDay(Date.UTC(year, month, 0)) };
  }
}

/** As the API takes it: `to` is not included. */
export function apiPeriod({ from, to }: Period): Period {
  return { from, to: utcDay(Date.parse(`${to}T00:00:00Z`) + dayMs) };
}

/** The period in the address; this month where there is none, or none that can be. */
export function readPeriod(from: string | undefined, to: string | undefined, now: Date): Period {
  const fallback = presetPeriod("this month", now);
  const period = { from: isDay(from) ? from : fallback.from, to: isDay(to) ? to : fallback.to };
  return period.from <= period.to ? period : { from: period.to, to: period.from };
}

/** Every day of it, in order. */
export function daysOf({ from, to }: Period): string[] {
  const start = Date.parse(`${from}T00:00:00Z`);
  const count = Math.round((Date.parse(`${to}T00:00:00Z`) - start) / dayMs) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => utcDay(start + index * dayMs));
}

function isDay(text: string | undefined): text is string {
  return (
    text !== undefined && /^20\d{2}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
  );
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
