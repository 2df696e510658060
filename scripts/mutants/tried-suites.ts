import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { statementText } from "@understudy/database";
import { type Slot, share } from "./slot.ts";

/** A suite that passes without a fault. */
export interface TriedSuite {
  path: string;
  durationMs: number;
  /** The .sql files whose statement it executes. */
  executes: ReadonlySet<string>;
}

/** On a busy machine the first run, which fills Jest's cache, may take long. */
const firstRunMsMax = 300_000;

/**
 * Runs all suites once, shared among the slots.
 * @param files .sql files of which is learned who executes them
 * @throws where one fails without a fault: what it says of a mutant would be worth nothing
 */
export async function trySuites(
  slots: readonly Slot[],
  paths: readonly string[],
  files: readonly string[],
  onTried: (suite: TriedSuite) => void,
): Promise<TriedSuite[]> {
  const suites: TriedSuite[] = [];
  await share(slots, paths, async (slot, path) => {
    const { failed, durationMs, log } = await slot.runLogged(path, firstRunMsMax);
    if (failed !== null) throw new Error(`${path} fails without a fault: ${failed}`);
    const suite = { path, durationMs, executes: executedIn(log, files, slot.directory) };
    suites.push(suite);
    onTried(suite);
  });
  return suites;
}

/** Much longer than a suite takes without a fault, beside other work. */
export function timeoutMsOf(suite: TriedSuite): number {
  return suite.durationMs * 4 + 10_000;
}

/** By their texts, since sessions through a pooler give statements no names. */
function executedIn(log: string, files: readonly string[], directory: string): Set<string> {
  const collapsed = log.replaceAll(/\s+/g, " ");
  const isIn = (file: string) =>
    collapsed.includes(
      statementText(pathToFileURL(join(directory, file)))
        .replaceAll(/\s+/g, " ")
        .trim(),
    );
  return new Set(files.filter(isIn));
}
