// TypeScript is mutated and judged by Stryker: all mutants of a file live side by side in one text, and each runs only
// the tests that reach it. Suites that need nothing but Node go first: what they kill, in milliseconds, is not tried on
// suites that start services.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startTestPostgres } from "@understudy/testkit";
import { z } from "zod";
import { jestConfig } from "./jest-config.ts";
import { type Outcome, oneLine, type Verdict } from "./mutant.ts";
import { makeSandbox } from "./sandbox.ts";

export interface TypeScriptRun {
  root: string;
  /** From the root; `file.ts:10-20` for some lines alone. */
  sources: readonly string[];
  suites: readonly string[];
  processes: number;
  /** Whether to forget what earlier runs have found. */
  isFresh: boolean;
}

/** The part of Stryker's report that is read: https://github.com/stryker-mutator/mutation-testing-elements, schema. */
const position = z.object({ line: z.int(), column: z.int() });
const location = z.object({ start: position, end: position });
const reportSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({
          status: z.string(),
          replacement: z.string().optional(),
          location,
          killedBy: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

/** Words, and lists of words, say little of what the code does; and patterns are a matter of many examples. */
const excludedMutations = ["StringLiteral", "ObjectLiteral", "ArrayDeclaration", "Regex"];
const keptIn = ".understudy/mutants";
const reportName = "mutants-report.json";

type Location = z.infer<typeof location>;

interface PlacedVerdict {
  verdict: Verdict;
  location: Location;
}

/** @throws with Stryker's own words where it could not run, as when a suite fails without a fault */
export async function tryTypeScript(run: TypeScriptRun): Promise<Verdict[]> {
  const sandbox = await makeSandbox(run.root);
  const postgres = await startTestPostgres({ fsync: "off", full_page_writes: "off" });
  const judge = (name: string, suites: readonly string[], sources: readonly string[]) =>
    suites.length === 0 || sources.length === 0
      ? Promise.resolve([])
      : runStryker({ ...run, suites, sources }, sandbox.directory, postgres.url, name);
  const [withServices, quick] = partition(run.suites, (suite) => suite.endsWith(".integration.test.ts"));
  try {
    const first = await judge("unit", quick, run.sources);
    const [survivors, others] = partition(first, ({ verdict }) => verdict.outcome === "survived");
    const second = await judge(
      "integration",
      withServices,
      first.length === 0 ? run.sources : survivors.map(rangeOf),
    );
    // A survivor's place may have others within it, which are tried again as well.
    const verdicts = new Map([...survivors, ...second, ...others].map((one) => [keyOf(one), one.verdict]));
    return [...verdicts.values()];
  } finally {
    await postgres.remove();
    sandbox.remove();
  }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** As Stryker takes a place: lines from 1, columns from 0, the last one not included. */
function rangeOf({ verdict, location: { start, end } }: PlacedVerdict): string {
  return `${verdict.mutant.file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

function keyOf({ verdict: { mutant }, location }: PlacedVerdict): string {
  return JSON.stringify([mutant.file, location, mutant.after]);
}

/** @param name of what is kept for the next run */
async function runStryker(
  run: TypeScriptRun,
  directory: string,
  postgresUrl: string,
  name: string,
): Promise<PlacedVerdict[]> {
  const kept = join(run.root, keptIn, `stryker-${name}.json`);
  const keptInside = join(directory, "kept.json");
  rmSync(keptInside, { force: true });
  if (existsSync(kept) && !run.isFresh) copyFileSync(kept, keptInside);
  writeFileSync(join(directory, "stryker.config.json"), JSON.stringify(settings(run, directory)));
  await stryker(directory, postgresUrl);
  mkdirSync(dirname(kept), { recursive: true });
  copyFileSync(keptInside, kept);
  return verdictsOf(readFileSync(join(directory, reportName), "utf8"));
}

function settings({ sources, suites, processes }: TypeScriptRun, directory: string) {
  return {
    packageManager: "pnpm",
    plugins: ["@stryker-mutator/jest-runner"],
    testRunner: "jest",
    testRunnerNodeArgs: ["--experimental-vm-modules", "--no-warnings"],
    // Stryker takes what is not said here from the checkout's own configuration, whose projects run other suites as well,
    // each time with a Postgres of their own.
    jest: { projectType: "custom", config: { ...jestConfig(directory, suites), projects: [] } },
    mutate: sources,
    mutator: { excludedMutations },
    coverageAnalysis: "perTest",
    // What a module works out once while it is loaded would need all suites and a process for each mutant.
    ignoreStatic: true,
    // The sandbox is a copy already, whose packages find each other.
    inPlace: true,
    incremental: true,
    incrementalFile: "kept.json",
    concurrency: processes,
    dryRunTimeoutMinutes: 60,
    timeoutMS: 10_000,
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: reportName },
    logLevel: "warn",
    allowConsoleColors: false,
  };
}

async function stryker(directory: string, postgresUrl: string): Promise<void> {
  const program = join(directory, "node_modules/@stryker-mutator/core/bin/stryker.js");
  const child = spawn(process.execPath, [program, "run", "stryker.config.json"], {
    cwd: directory,
    env: { ...process.env, UNDERSTUDY_TEST_POSTGRES_URL: postgresUrl, UNDERSTUDY_API_IN_PROCESS: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    lines.push(chunk);
    const [progress] = chunk.match(/Mutation testing.*/) ?? [];
    if (progress) console.log(`TypeScript: ${progress}`);
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`Stryker ended with ${code}:\n${lines.join("").slice(-5000)}`);
}

const outcomes: Record<string, Outcome> = {
  Killed: "killed",
  Timeout: "killed",
  Survived: "survived",
  NoCoverage: "survived",
};

function verdictsOf(report: string): PlacedVerdict[] {
  const { files } = reportSchema.parse(JSON.parse(report));
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants.map(({ status, replacement = "", location, killedBy }) => {
      const before = piece(source, location);
      return {
        location,
        verdict: {
          mutant: { file, line: location.start.line, before: oneLine(before), after: oneLine(replacement) },
          outcome: outcomes[status] ?? "invalid",
          ...(killedBy?.[0] !== undefined && { killedBy: killedBy[0] }),
        },
      };
    }),
  );
}

/** @param location lines and columns from 1 */
function piece(source: string, { start, end }: Location) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last]?.slice(0, end.column - 1) ?? "";
  lines[0] = lines[0]?.slice(start.column - 1) ?? "";
  return lines.join("\n");
}
