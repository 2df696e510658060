import { execFileSync } from "node:child_process";

export const roomNames = ["money", "jobs", "lanes", "webhooks", "tenants", "gemini", "agents"] as const;
export type RoomName = (typeof roomNames)[number];

/** A part of the product whose faults cost the most, and the suites that must notice them. */
export interface Room {
  name: RoomName;
  /** Least share of its mutants that tests must kill. */
  goal: number;
  /** Statements, scripts and TypeScript, as git's glob patterns. */
  sources: readonly string[];
  /** Quick ones alone, since they run for each mutant: of apps they start at most the API, in their own process. */
  suites: readonly string[];
}

/** In the order in which a file that fits several belongs to one. */
export const rooms: readonly Room[] = [
  {
    name: "tenants",
    goal: 0.9,
    sources: ["apps/api/src/keys/**", "apps/api/src/http/hide-others.ts"],
    suites: ["apps/api/test/keys/*.test.ts", "apps/api/test/cross-key.integration.test.ts"],
  },
  {
    name: "money",
    goal: 0.9,
    sources: [
      "packages/ledger/src/**",
      "packages/models/src/**",
      "packages/database/src/raise-alerts.sql",
      "apps/console/src/money/usd.ts",
    ],
    suites: [
      "packages/ledger/test/**/*.test.ts",
      "scripts/audit/test/ask-books.integration.test.ts",
      "packages/models/test/**/*.test.ts",
      "apps/console/test/usd.test.ts",
    ],
  },
  {
    name: "webhooks",
    goal: 0.9,
    sources: ["packages/webhooks/src/**", "apps/worker/src/webhooks/**"],
    suites: [
      "packages/webhooks/test/**/*.test.ts",
      "apps/worker/test/*.test.ts",
      "apps/worker/test/webhook-way.integration.test.ts",
      "apps/worker/test/webhook-worker.integration.test.ts",
    ],
  },
  {
    name: "jobs",
    goal: 0.9,
    sources: [
      "packages/jobs/src/**",
      "apps/worker/src/retention/**",
      "packages/database/src/errors.ts",
      "packages/database/src/group-commit.ts",
      "packages/queues/src/dispatcher.ts",
      "apps/worker/src/run-agent-job.ts",
      "apps/worker/src/agent-worker.ts",
      "apps/worker/src/attempt-*.ts",
      "apps/worker/src/worker-lease.ts",
      "apps/worker/src/reconciler/**",
      "apps/worker/src/generate-step.ts",
    ],
    suites: [
      "packages/jobs/test/**/*.test.ts",
      "packages/database/test/**/*.test.ts",
      "packages/queues/test/dispatcher*.test.ts",
      "apps/worker/test/**/*.test.ts",
    ],
  },
  {
    name: "lanes",
    goal: 0.85,
    sources: ["packages/queues/src/lanes/**", "packages/queues/src/job-stream/**"],
    suites: ["packages/queues/test/**/*.test.ts"],
  },
  {
    name: "gemini",
    goal: 0.85,
    sources: ["packages/gemini/src/**"],
    suites: ["packages/gemini/test/**/*.test.ts"],
  },
  {
    name: "agents",
    goal: 0.85,
    sources: ["packages/agents/src/**", "packages/knowledge/src/**"],
    suites: ["packages/agents/test/**/*.test.ts", "packages/knowledge/test/**/*.test.ts"],
  },
];

/** Declarations, and doors of packages. */
const neverMutated = ["**/index.ts", "**/generated/**"];
/** What starts apps, and what runs at full scale. A suite that a room names by its whole path judges all the same. */
const neverJudges = ["apps/worker/test/*.integration.test.ts", "**/*.e2e.test.ts", "**/*.long.test.ts"];

/** The sources of a room that belong to no room before it. */
export function sourcesOf(root: string, room: Room): string[] {
  const before = rooms.slice(0, rooms.indexOf(room)).flatMap(({ sources }) => sources);
  return listFiles(root, room.sources, [...before, ...neverMutated]).filter((file) =>
    /\.(sql|lua|ts)$/.test(file),
  );
}

export function suitesOf(root: string, room: Room): string[] {
  const named = room.suites.filter((pattern) => !pattern.includes("*"));
  return [...listFiles(root, room.suites, [...neverJudges, ...named]), ...matching(root, named)];
}

function listFiles(root: string, patterns: readonly string[], except: readonly string[]): string[] {
  const left = new Set(matching(root, except));
  return matching(root, patterns).filter((file) => !left.has(file));
}

/** By git's own patterns, new files included. Excluding is not left to git: beside new files it loses all others. */
function matching(root: string, patterns: readonly string[]): string[] {
  if (patterns.length === 0) return [];
  const paths = patterns.map((pattern) => `:(glob)${pattern}`);
  const list = ["ls-files", "-coz", "--exclude-standard", "--deduplicate", "--", ...paths];
  return execFileSync("git", list, { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean).sort();
}
