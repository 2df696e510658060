/** Imports point one way; ARCHITECTURE.md draws it. */

/** What each package may import of the workspace's own. */
const allowed = {
  contracts: [],
  service: [],
  "local-services": [],
  database: [],
  agents: ["contracts"],
  queues: ["contracts"],
  ledger: ["database", "contracts"],
  jobs: ["ledger", "database", "contracts"],
  models: ["ledger", "database", "contracts"],
  knowledge: ["database", "contracts"],
  webhooks: ["database", "contracts"],
  gemini: ["models", "ledger", "contracts"],
  telemetry: ["agents", "contracts", "database", "gemini", "jobs", "ledger", "queues", "service", "webhooks"],
};

/** What the apps may import; what only tests and scripts may is not among it. */
const forApps = [
  "agents",
  "contracts",
  "database",
  "gemini",
  "jobs",
  "knowledge",
  "ledger",
  "models",
  "queues",
  "sdk",
  "service",
  "telemetry",
  "webhooks",
];

const source = (name) => `^packages/${name}/src/`;
const oneOf = (names) => `^packages/(${names.join("|")})/`;

export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-missing", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^bun:" } },
    ...Object.entries(allowed).map(([name, others]) => ({
      name: `${name}-imports-only-${others.join("-and-") || "no-package-of-ours"}`,
      severity: "error",
      from: { path: source(name) },
      to: { path: "^(packages|apps|scripts)/", pathNot: oneOf([name, ...others]) },
    })),
    {
      name: "contracts-need-zod-alone",
      severity: "error",
      from: { path: source("contracts") },
      to: { pathNot: "^packages/contracts/|/zod/" },
    },
    {
      name: "the-sdk-needs-nothing",
      severity: "error",
      from: { path: source("sdk") },
      to: { pathNot: "^packages/sdk/src/" },
    },
    {
      name: "apps-never-import-each-other",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "apps-import-no-test-tools",
      severity: "error",
      from: { path: "^apps/[^/]+/src/" },
      to: { path: "^(packages|scripts)/", pathNot: oneOf(forApps) },
    },
    {
      name: "a-package-is-entered-by-its-front-door",
      severity: "error",
      from: { path: "^(apps|packages)/([^/]+)/" },
      to: {
        path: "^packages/[^/]+/src/",
        pathNot:
          "^packages/[^/]+/src/index\\.ts$|^$1/$2/|^packages/testkit/src/(gemini-recordings|linear-time|second-price|suite)\\.ts$",
      },
    },
    {
      name: "the-prisma-client-has-one-importer",
      severity: "error",
      from: { pathNot: "^packages/database/" },
      to: { path: "packages/database/src/generated|node_modules/@prisma/client" },
    },
    {
      // Which loads it only where traces are on.
      name: "opentelemetry-has-one-importer",
      severity: "error",
      from: { pathNot: "^packages/telemetry/src/tracing/start-tracing\\.ts$|node_modules" },
      to: { path: "node_modules/@opentelemetry" },
    },
    {
      name: "the-gemini-sdk-has-one-importer",
      severity: "error",
      // The bench's naive job is set beside ours, and so must not be made of it.
      from: { pathNot: "^packages/gemini/|^apps/gemini-emulator/test/|^scripts/bench/peers/naive-job\\.ts$" },
      to: { path: "node_modules/@google/genai" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|packages/database/src/generated" },
    // What is built is no source.
    exclude: { path: "^(apps|packages)/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
