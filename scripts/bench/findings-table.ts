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
      peer ? `${peer.ratio.median.toFixed(2)} (${range(peer.ratio)})` : "",
      goal(finding),
      finding.isMet === undefined ? "" : finding.isMet ? "yes" : "no",
    ]);
  }
  return table.toString();
}

function goal({ goal, unit, peer }: Finding): string {
  if (!goal) return "";
  if ("atLeast" in goal) return `≥ ${goal.atLeast.toFixed(2)}`;
  return `≤ ${peer ? goal.atMost.toFixed(2) : figure(goal.atMost, unit)}`;
}

function range({ min, max }: Spread, unit?: Finding["unit"]): string {
  const text = (value: number) => (unit ? number(value, unit) : value.toFixed(2));
  return `${text(min)}–${text(max)}`;
}

function figure(value: number, unit: Finding["unit"]): string {
  return `${number(value, unit)} ${unit}`;
}

function number(value: number, unit: Finding["unit"]): string {
  const digits = unit === "ms" ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
