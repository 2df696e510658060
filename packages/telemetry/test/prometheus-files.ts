import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const infra = new URL("../../../infra/", import.meta.url);

export const promFiles = {
  config: fileURLToPath(new URL("prometheus/prometheus.yml", infra)),
  rules: fileURLToPath(new URL("prometheus/alerts.yml", infra)),
  ruleTests: fileURLToPath(new URL("prometheus/alerts.test.yml", infra)),
  dashboard: fileURLToPath(new URL("grafana/dashboards/understudy.json", infra)),
};

export interface AlertRule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export function alertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(promFiles.rules, "utf8")) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap((group) => group.rules);
}

export interface RuleTest {
  name: string;
  promql_expr_test: { expr: string; exp_samples: unknown[] }[];
}

export function ruleTests(): RuleTest[] {
  return (parse(readFileSync(promFiles.ruleTests, "utf8")) as { tests: RuleTest[] }).tests;
}

interface GridPosition {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: GridPosition;
  targets?: { expr: string }[];
}

export function dashboardPanels(): Panel[] {
  return (JSON.parse(readFileSync(promFiles.dashboard, "utf8")) as { panels: Panel[] }).panels;
}

/** The dashboard's queries as Grafana sends them, for all agents. */
export function dashboardQueries(): string[] {
  return dashboardPanels()
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$agent", ".*"));
}
