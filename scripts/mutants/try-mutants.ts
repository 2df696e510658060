import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { statementText } from "@understudy/database";
import { luaMutants } from "./lua-mutants.ts";
import type { Mutant, Verdict } from "./mutant.ts";
import { type Slot, share } from "./slot.ts";
import { sqlMutants } from "./sql-mutants.ts";
import { type TriedSuite, timeoutMsOf } from "./tried-suites.ts";

/** A statement or script, and the suites that run it. */
interface Target {
  file: string;
  original: string;
  suites: TriedSuite[];
  /** How many mutants of the file each suite has killed: the next one is likely to be killed by the same. */
  kills: Map<TriedSuite, number>;
}

/** @returns every mutant of a statement or script */
export async function mutantsOf(root: string, file: string): Promise<Mutant[]> {
  const text = readFileSync(join(root, file), "utf8");
  return file.endsWith(".lua") ? luaMutants(file, text) : await sqlMutants(file, text);
}

/**
 * Tries mutants, shared among the slots.
 * @param suitesOf those of a file's room, tried without a fault
 * @param onVerdict told of each as it is found
 */
export async function tryMutants(
  slots: readonly Slot[],
  mutants: readonly Mutant[],
  suitesOf: (file: string) => readonly TriedSuite[],
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  const targets = new Map<string, Target>();
  await share(slots, [...new Set(mutants.map(({ file }) => file))], async (slot, file) => {
    targets.set(file, await targetOf(slot, file, suitesOf(file)));
  });
  await share(slots, mutants, async (slot, mutant) => {
    onVerdict(await tryMutant(slot, mutant, targets.get(mutant.file) as Target));
  });
}

async function targetOf(slot: Slot, file: string, suites: readonly TriedSuite[]): Promise<Target> {
  const original = readFileSync(join(slot.directory, file), "utf8");
  const own = file.endsWith(".lua")
    ? await failingWithout(slot, file, original, suites)
    : suites.filter(({ executes }) => executes.has(file));
  return { file, original, suites: own, kills: new Map() };
}

/** A script's suites are those that fail where it does nothing but fail. */
async function failingWithout(
  slot: Slot,
  file: string,
  original: string,
  suites: readonly TriedSuite[],
): Promise<TriedSuite[]> {
  slot.plant(file, "error('left out')");
  const failing: TriedSuite[] = [];
  for (const suite of suites) {
    if ((await slot.run(suite.path, timeoutMsOf(suite))).failed !== null) failing.push(suite);
  }
  slot.plant(file, original);
  return failing;
}

async function tryMutant(slot: Slot, mutant: Mutant, target: Target): Promise<Verdict> {
  slot.plant(mutant.file, mutant.text ?? "");
  try {
    if (mutant.file.endsWith(".sql") && !(await slot.isValid(statementWith(slot.directory, mutant.file))))
      return { mutant, outcome: "invalid" };
    for (const suite of likeliestFirst(target)) {
      const { failed } = await slot.run(suite.path, timeoutMsOf(suite));
      if (failed === null) continue;
      target.kills.set(suite, (target.kills.get(suite) ?? 0) + 1);
      return { mutant, outcome: "killed", killedBy: suite.path };
    }
    return { mutant, outcome: "survived" };
  } finally {
    slot.plant(mutant.file, target.original);
  }
}

/** The statement of a file as it is loaded; of one that statements include, that of one of them. */
function statementWith(directory: string, file: string): string {
  const including = [
    "-rlE",
    "--include=*.sql",
    "--exclude-dir=node_modules",
    `^-- include .*/${basename(file)}$`,
  ];
  const { stdout } = spawnSync("grep", [...including, "apps", "packages"], {
    cwd: directory,
    encoding: "utf8",
  });
  const [statement = file] = stdout.split("\n").filter(Boolean).sort();
  return statementText(pathToFileURL(join(directory, statement)));
}

function likeliestFirst({ suites, kills }: Target): TriedSuite[] {
  return suites.toSorted((a, b) => (kills.get(b) ?? 0) - (kills.get(a) ?? 0) || a.durationMs - b.durationMs);
}
