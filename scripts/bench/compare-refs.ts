import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Table from "cli-table3";
import { type BenchRun, takeTurns } from "./bench-run.ts";
import type { BenchmarkFigures } from "./figures-json.ts";
import { type Spread, spread } from "./finding.ts";
import type { CompareOptions } from "./options.ts";

const run = promisify(execFile);

/** Of one benchmark's run: all that it says and more. */
const outputMax = 16 * 1024 * 1024;

type Figures = Record<string, BenchmarkFigures>;

/** One figure of both versions, its ratio taken turn by turn. */
export interface Compared {
  what: string;
  here: Spread;
  there: Spread;
  ratio: Spread;
}

/**
 * Measures this tree, changes that are not committed included, and another version of it, in turns, so that what else the
 * machine does meets both. The other stands in a clone of its own, with what its own lockfile installs.
 * @throws where there is no such ref, or it is older than `--json` as it is now
 */
export async function compareRefs(
  bench: BenchRun,
  root: string,
  directory: string,
  options: CompareOptions,
): Promise<Compared[]> {
  const { ref, rounds } = options;
  const other = join(directory, "other");
  const commit = await commitOf(root, ref);
  bench.report(`cloning ${ref} (${commit.slice(0, 10)})`);
  await run("git", ["clone", "--quiet", "--no-checkout", root, other]);
  await run("git", ["-C", other, "checkout", "--quiet", "--detach", commit]);
  const measure = (tree: string, name: string) => ({
    name,
    measure: () => measureTree(bench, tree, join(directory, "figures.json"), options),
    show: shown,
  });
  const [here = [], there = []] = await takeTurns(bench, rounds, [
    measure(root, "this tree"),
    measure(other, ref),
  ]);
  return compareFigures(here, there);
}

async function commitOf(root: string, ref: string): Promise<string> {
  try {
    const { stdout } = await run("git", ["-C", root, "rev-parse", "--verify", `${ref}^{commit}`]);
    return stdout.trim();
  } catch {
    throw new Error(`There is no commit ${ref} in this repository.`);
  }
}

async function measureTree(
  { signal }: BenchRun,
  tree: string,
  file: string,
  { names, seconds, scale }: CompareOptions,
): Promise<Figures> {
  const args = [
    "scripts/bench.mjs",
    ...names,
    "--seconds",
    `${seconds}`,
    "--scale",
    `${scale}`,
    "--json",
    file,
  ];
  const { UNDERSTUDY_BUILD: _, npm_lifecycle_event: __, ...environment } = process.env;
  await run(process.execPath, args, { cwd: tree, env: environment, maxBuffer: outputMax, signal });
  const figures = JSON.parse(await readFile(file, "utf8")) as Figures;
  if (!names.every((name) => figures[name])) {
    throw new Error("That version tells its figures in another form: compare with a later one.");
  }
  return figures;
}

function shown(figures: Figures): string {
  const one = ([name, { ours, unit, ratio }]: [string, BenchmarkFigures]) =>
    `${name} ${ours.toPrecision(4)} ${unit}${ratio === null ? "" : `, ratio ${ratio.toPrecision(3)}`}`;
  return Object.entries(figures).map(one).join("; ");
}

/** @param here one a turn, as `there` */
export function compareFigures(here: readonly Figures[], there: readonly Figures[]): Compared[] {
  const rows = here.map(figuresByName);
  const others = there.map(figuresByName);
  const compared: Compared[] = [];
  for (const what of rows[0]?.keys() ?? []) {
    // What one of them does not measure can't be compared.
    const pairs = rows.flatMap((row, turn) => {
      const [ours, theirs] = [row.get(what), others[turn]?.get(what)];
      return ours === undefined || theirs === undefined ? [] : [[ours, theirs] as const];
    });
    if (pairs.length === 0) continue;
    compared.push({
      what,
      here: spread(pairs.map(([ours]) => ours)),
      there: spread(pairs.map(([, theirs]) => theirs)),
      ratio: spread(pairs.map(([ours, theirs]) => ours / theirs)),
    });
  }
  return compared;
}

function figuresByName(figures: Figures): Map<string, number> {
  const all = new Map<string, number>();
  for (const [name, { ours, unit, ratio, cpuMicrosPerJob = {}, findings }] of Object.entries(figures)) {
    all.set(`${name}, ${unit}`, ours);
    if (ratio !== null) all.set(`${name}, ratio to its peer`, ratio);
    for (const [process, us] of Object.entries<number>(cpuMicrosPerJob))
      all.set(`${name}, µs of ${process}`, us);
    for (const finding of findings.slice(1)) {
      const peer = finding.peer ? ` / ${finding.peer.name}` : "";
      all.set(`${name}: ${finding.what}${peer}`, (finding.peer?.ratio ?? finding.ours).median);
    }
  }
  return all;
}

/** Medians of the turns, and this tree's over the other's. */
export function comparedTable(compared: readonly Compared[], ref: string): string {
  const table = new Table({
    head: ["what", "this tree", ref, `this tree / ${ref} (min–max)`],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  const figure = (value: number) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
  for (const { what, here, there, ratio } of compared) {
    table.push([
      what,
      figure(here.median),
      figure(there.median),
      `${ratio.median.toFixed(3)} (${ratio.min.toFixed(3)}–${ratio.max.toFixed(3)})`,
    ]);
  }
  return table.toString();
}
