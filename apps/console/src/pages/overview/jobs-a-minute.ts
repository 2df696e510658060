import type { Overview } from "@understudy/contracts";

const meanMinutes = 5;

/** Jobs that ended in a minute, as the mean of the last full ones: the one under way would pull it down. */
export function jobsAMinute(minutes: Overview["minutes"]): string {
  const full = minutes.slice(-1 - meanMinutes, -1);
  if (full.length === 0) return "0";
  const ended = full.reduce((total, { completed, failed }) => total + completed + failed, 0);
  const mean = ended / full.length;
  return mean.toLocaleString("en", { maximumFractionDigits: mean < 10 ? 1 : 0 });
}
