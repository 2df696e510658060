import { expect, test } from "@jest/globals";
import { allMetrics, seriesNames } from "./all-metrics.ts";
import { alertRules, dashboardPanels, dashboardQueries, ruleTests } from "./prometheus-files.ts";
import { matchersIn, seriesIn } from "./promql-names.ts";

/** Of Prometheus itself, and labels that it adds. */
const ofPrometheus = { series: ["up"], labels: ["job", "instance"] };

const expressions = [...alertRules().map(({ expr }) => expr), ...dashboardQueries()];

test("names are read out of PromQL", () => {
  expect(
    seriesIn('sum by (le, a) (rate(x_bucket{b="c d"}[5m])) / max(y) > 1 unless on () vector(0) or z'),
  ).toEqual(["x_bucket", "y", "z"]);
  expect(matchersIn('x{a="1",b=~"2"} / y{c!="3"}')).toEqual([
    ["x", "a"],
    ["x", "b"],
    ["y", "c"],
  ]);
});

test("alert rules and dashboard name only metrics that there are", () => {
  const known = seriesNames();
  const named = new Set(expressions.flatMap(seriesIn));
  expect(named.size).toBeGreaterThan(40);
  expect([...named].filter((name) => !known.has(name) && !ofPrometheus.series.includes(name))).toEqual([]);
});

test("alert rules and dashboard match only labels that those metrics have", () => {
  const labels = new Map(allMetrics().map((metric) => [metric.name, metric.labels]));
  const wrong = expressions.flatMap(matchersIn).filter(([series, label]) => {
    const metric = series.replace(/_(bucket|sum|count)$/, "");
    return !ofPrometheus.labels.includes(label) && !labels.get(metric)?.includes(label);
  });
  expect(wrong).toEqual([]);
});

test("each metric of ours is shown on the dashboard or watched by an alert", () => {
  const named = new Set(
    expressions.flatMap(seriesIn).map((name) => name.replace(/_(bucket|sum|count)$/, "")),
  );
  const ours = allMetrics().filter(({ name }) => name.startsWith("understudy_"));
  const hidden = ours.map(({ name }) => name).filter((name) => !named.has(name));
  expect(hidden).toEqual(["understudy_database_connections_max", "understudy_worker_jobs_in_progress"]);
});

test.each(alertRules())("$alert says what to do, fires in one test and is quiet in another", (rule) => {
  expect(rule.annotations.summary).toBeTruthy();
  expect(rule.annotations.action?.length).toBeGreaterThan(40);
  expect(["critical", "warning"]).toContain(rule.labels.severity);
  const tests = ruleTests()
    .flatMap((of) => of.promql_expr_test)
    .filter(({ expr }) => expr.includes(`"${rule.alert}"`));
  expect(tests.some(({ exp_samples }) => exp_samples.length > 0)).toBe(true);
  expect(tests.some(({ exp_samples }) => exp_samples.length === 0)).toBe(true);
});

test("the dashboard's panels are described, told apart, and lie beside each other", () => {
  const panels = dashboardPanels();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const panel of panels.filter(({ type }) => type !== "row")) {
    expect(panel.description).toBeTruthy();
    expect(panel.targets?.length).toBeGreaterThan(0);
  }
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        const cell = `${x},${y}`;
        expect([title, taken.get(cell)]).toEqual([title, undefined]);
        taken.set(cell, title);
      }
    }
  }
});
