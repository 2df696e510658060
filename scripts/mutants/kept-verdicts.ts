import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { hashOf, type Mutant, type Verdict } from "./mutant.ts";

const keptVerdict = z.object({
  outcome: z.enum(["killed", "survived", "invalid"]),
  killedBy: z.string().optional(),
  /** Of the suites that judged it: of the one that killed it, or of all. */
  suites: z.string(),
});
const keptVerdicts = z.record(z.string(), keptVerdict);

/** What earlier runs have found, so that a run goes on where the last one was stopped. */
export interface KeptVerdicts {
  /** undefined where nothing is known, or the suites have changed since. */
  find(mutant: Mutant): Verdict | undefined;
  /** Writes it down at once: a run may be stopped at any time. */
  keep(verdict: Verdict): void;
}

/** Of all that is not kept in git. */
const place = ".understudy/mutants/verdicts.json";

/**
 * @param root the checkout
 * @param suitesOf all suites that may judge a mutant of a file
 * @param isFresh whether to forget what was found
 */
export function openKeptVerdicts(
  root: string,
  suitesOf: (file: string) => readonly string[],
  isFresh: boolean,
): KeptVerdicts {
  const file = join(root, place);
  const kept = isFresh || !existsSync(file) ? {} : (keptVerdicts.safeParse(readJson(file)).data ?? {});
  const texts = new Map<string, string>();
  const textOf = (path: string) => {
    if (!texts.has(path))
      texts.set(path, existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "");
    return texts.get(path) as string;
  };
  const judges = (mutant: Mutant, killedBy: string | undefined) =>
    hashOf(...(killedBy === undefined ? suitesOf(mutant.file) : [killedBy]).map(textOf));
  mkdirSync(dirname(file), { recursive: true });
  return {
    find(mutant) {
      const found = kept[keyOf(mutant)];
      if (!found || found.suites !== judges(mutant, found.killedBy)) return undefined;
      const { outcome, killedBy } = found;
      return { mutant, outcome, ...(killedBy !== undefined && { killedBy }) };
    },
    keep({ mutant, outcome, killedBy }) {
      kept[keyOf(mutant)] = {
        outcome,
        ...(killedBy !== undefined && { killedBy }),
        suites: judges(mutant, killedBy),
      };
      writeFileSync(file, JSON.stringify(kept));
    },
  };
}

/** The mutated text says both what the file was and what was done to it. */
function keyOf({ file, text = "" }: Mutant): string {
  return hashOf(file, text);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Killed while it was written: nothing is known.
    return {};
  }
}
