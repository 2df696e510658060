// Checks that nothing of API, workers and their packages asks the process' own wall clock: it may be off, and
// others rely on the times that we tell and write. `database.clock.now()` tells the time, `performance.now()`
// how long something takes. Of libraries it knows two ways in which they would ask it for us; what others do
// by themselves stands in ARCHITECTURE.md, "One clock".
import { readFileSync } from "node:fs";
import { nodesIn, productModules } from "./product-modules.mjs";

/** Those that may, and why. */
const mayAsk = {
  "packages/database/src/clock.ts":
    "compares the own clock with Postgres', and has nothing else until that answers",
  "packages/database/src/new-id.ts": "ids have to differ, and only roughly to come in order of time",
  "packages/service/src/logger.ts":
    "a log's times are those of its machine's other logs, and must not wait for Postgres",
};

/** These run elsewhere, or on a developer's machine: a browser, an app's server, Gemini in its stead. */
const elsewhere = /^(apps\/(console|gemini-emulator)|packages\/(sdk|local-services))\//;

const asking = new Map();
for (const { file, module } of productModules()) {
  const count = elsewhere.test(file) ? 0 : nodesIn(module, asksTheTime).length;
  if (count > 0) asking.set(file, count);
}
const faults = [
  ...[...asking.keys()].filter((file) => !(file in mayAsk)).map((file) => `asks the own clock: ${file}`),
  ...Object.keys(mayAsk)
    .filter((file) => !asking.has(file))
    .map((file) => `need not be allowed any more: ${file}`),
  // Prisma's own defaults are this process' times: dbgenerated("CURRENT_TIMESTAMP") is Postgres'.
  ...(
    readFileSync("prisma/schema.prisma", "utf8").match(/.*(?:@default\(now\(\)\)|@updatedAt).*/g) ?? []
  ).map((line) => `asks the own clock: prisma/schema.prisma: ${line.trim()}`),
];
for (const fault of faults) console.error(`✗ ${fault}`);
console.log(`${asking.size} files ask the own clock, ${faults.length} faults`);
if (faults.length > 0) process.exit(1);

/**
 * `Date.now`, `new Date()`, `Date()`, `performance.timeOrigin`; ulid's `monotonicFactory()`, Express'
 * `response.cookie(…, {maxAge})`.
 */
function asksTheTime(node) {
  const isName = (of, name) => of?.type === "Identifier" && of.value === name;
  switch (node.type) {
    case "MemberExpression":
      return (
        (isName(node.object, "Date") && isName(node.property, "now")) ||
        (isName(node.object, "performance") && isName(node.property, "timeOrigin"))
      );
    case "NewExpression":
      return isName(node.callee, "Date") && (node.arguments?.length ?? 0) === 0;
    case "CallExpression":
      return (
        isName(node.callee, "Date") ||
        isName(node.callee, "monotonicFactory") ||
        (isName(node.callee.property, "cookie") &&
          nodesIn(node.arguments, (within) => isName(within.key, "maxAge")).length > 0)
      );
    default:
      return false;
  }
}
