import Table from "cli-table3";
import type { Finding, Spread } from "./finding.ts";

/** All findings as one table; figures are medians of the rounds. */
export function findingsTable(findings: readonly Finding[]): string {
  const table = new Table({
    head: ["what", "ours", "peer", "ratio (min–max)", "goal", "met"],
    colAligns: ["left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const finding of findings) {
    const { peer, what, unit } = finding;
    table.push([
      peer ? `${what} / ${peer.name}` : what,
      `${figure(finding.ours.median, unit)}${peer ? "" : ` (${range(finding.ours, unit)})`}`,
      peer ? figure(peer.figure.median, unit) : "",
      peer ? `${ratio(peer.ratio.median)} (${range(peer.ratio)})` : "",
      goal(finding),
      finding.isMet === undefined ? "" : finding.isMet ? "yes" : "no",
    ]);
  }
  return table.toString();
}

function goal({ goal, unit, peer }: Finding): string {
  if (!goal) return "";
  const [sign, bound] = "atLeast" in goal ? ["≥", goal.atLeast] : ["≤", goal.atMost];
  return `${sign} ${peer ? bound.toFixed(2) : figure(bound, unit)}`;
}

function range({ min, max }: Spread, unit?: Finding["unit"]): string {
  const text = (value: number) => (unit ? number(value, unit) : ratio(value));
  return `${text(min)}–${text(max)}`;
}

function figure(value: number, unit: Finding["unit"]): string {
  return `${number(value, unit)}${unit === "share" ? "" : ` ${unit}`}`;
}

/** Where one is a hundredth of the other, its digits still tell something. */
function ratio(value: number): string {
  return value.toFixed(value < 0.1 ? 4 : 2);
}

/** How many digits tell something; none for what is not named. */
const digitsOf: Partial<Record<Finding["unit"], number>> = {
  ms: 1,
  s: 1,
  picks: 3,
  commits: 2,
  share: 3,
  KiB: 1,
  USD: 4,
};

function number(value: number, unit: Finding["unit"]): string {
  const digits = digitsOf[unit] ?? 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
