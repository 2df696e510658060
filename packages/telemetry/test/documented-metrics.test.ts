import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { allMetrics } from "./all-metrics.ts";

const docs = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");

/** What must stand in docs/metrics.md: print it and paste it there after a change. */
function rows(): string[] {
  return allMetrics()
    .filter(({ name }) => name.startsWith("understudy_"))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(
      ({ name, type, labels, where, help }) =>
        `| \`${name}\` | ${type} | ${labels.join(", ")} | ${where.join(", ")} | ${help} |`,
    );
}

test("docs/metrics.md lists each metric as it is registered, and no other", () => {
  const documented = docs.split("\n").filter((line) => line.startsWith("| `understudy_"));
  expect(documented.join("\n")).toBe(rows().join("\n"));
});

test("no metric has a label that could hold who it is about", () => {
  const allowed = new Set([
    ...["agent", "cause", "code", "dependency", "end", "key", "kind", "method", "model", "node", "outcome"],
    ...["route", "service", "state", "status", "sweep", "type", "version", "why"],
  ]);
  const labels = allMetrics()
    .filter(({ name }) => name.startsWith("understudy_"))
    .flatMap((metric) => metric.labels);
  expect(labels.filter((label) => !allowed.has(label))).toEqual([]);
});
