// `npm test`: everything that must be true of a change, from formatting to the stack as a user starts it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled } from "./bootstrap.mjs";
import { ensureBuilt } from "./build-apps.mjs";
import { profileTable } from "./test-profile.mjs";

const usage = `Usage: npm test [-- STEP...] [-- --match PATTERN] [-- --profile]
       npm run test:long

Runs every check and test, with services of its own on free ports. Steps: checks, unit, integration, e2e, and
long (full scale; only with test:long or when named). Without a step all run but long.

  --match PATTERN  only test files whose path matches
  --profile        says at the end what the slowest suites spend their time on
  --help`;

const options = {
  long: { type: "boolean" },
  match: { type: "string" },
  profile: { type: "boolean" },
  help: { type: "boolean" },
};
const kinds = ["unit", "integration", "e2e", "long"];
/** Suites at once are one more where most of the time is waiting. More would let those that kill and revive starve. */
const cores = 2;

const { values, positionals } = parse();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
await ensureInstalled();
// Tests start the apps as production runs them, which takes a third of the time that their sources take.
process.env.UNDERSTUDY_BUILD = await ensureBuilt();

const wanted =
  positionals.length > 0 ? positionals : ["checks", ...kinds.slice(0, 3), ...(values.long ? ["long"] : [])];
const results = mkdtempSync(join(tmpdir(), "understudy-results-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
const failedSteps = [];
const suites = [];
if (values.profile) {
  process.env.UNDERSTUDY_TEST_PROFILE = join(results, "profile.jsonl");
  writeFileSync(process.env.UNDERSTUDY_TEST_PROFILE, "");
}
for (const step of together(wanted)) {
  const startedAt = Date.now();
  console.log(`\n▶ ${step}`);
  const ok = step === "checks" ? await runChecks() : await runTests(step.split(" + "));
  console.log(`${ok ? "✓" : "✗"} ${step} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
  if (!ok) failedSteps.push(step);
}
if (values.profile) console.log(`\n${await profileTable(suites, process.env.UNDERSTUDY_TEST_PROFILE)}`);
rmSync(results, { recursive: true, force: true });

if (failedSteps.length > 0) console.log(`\n✗ failed: ${failedSteps.join(", ")}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(failedSteps.length > 0 ? 1 : 0);

function parse() {
  try {
    const parsed = parseArgs({ options, allowPositionals: true });
    const unknown = parsed.positionals.find((step) => step !== "checks" && !kinds.includes(step));
    if (unknown) throw new Error(`There is no step "${unknown}".`);
    return parsed;
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/** Format, lint, types, rules of import, patterns, the clock, dead code. */
function runChecks() {
  return run("node_modules/.bin/turbo", [
    "run",
    "check:lint",
    "check:types",
    "check:imports",
    "check:patterns",
    "check:clock",
    "check:unused",
    "--output-logs=new-only",
    "--continue",
  ]);
}

/** What waits most of its time is run at once: integration and end to end. */
function together(steps) {
  const waiting = steps.filter((step) => step === "integration" || step === "e2e");
  return [...new Set(steps.map((step) => (waiting.includes(step) ? waiting.join(" + ") : step)))];
}

async function runTests(kinds) {
  const file = join(results, `${kinds.join("-")}.json`);
  const ok = await run(process.execPath, [
    "--experimental-vm-modules",
    "--no-warnings",
    // Optimizing Prisma's WebAssembly takes up to a second of CPU in each process that asks it: longer than tests ask it.
    "--liftoff-only",
    "node_modules/jest/bin/jest.js",
    "--selectProjects",
    ...kinds,
    `--maxWorkers=${kinds.includes("unit") ? cores : cores + 1}`,
    "--passWithNoTests",
    "--json",
    `--outputFile=${file}`,
    ...(values.match ? ["--testPathPatterns", values.match] : []),
  ]);
  try {
    const summary = JSON.parse(readFileSync(file, "utf8"));
    suites.push(...summary.testResults);
    counts.passed += summary.numPassedTests;
    counts.failed += summary.numFailedTests + summary.numRuntimeErrorTestSuites;
    counts.skipped += summary.numPendingTests;
  } catch {
    counts.failed += 1;
    return false;
  }
  return ok;
}

/** Whether the command ended with 0. Its standard output is Jest's JSON, so only the error stream is shown. */
function run(command, args) {
  return new Promise((resolve) => {
    const isJest = args.includes("--json");
    const child = spawn(command, args, { stdio: ["ignore", isJest ? "ignore" : "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(false);
    });
    child.on("exit", (code) => resolve(code === 0));
  });
}
