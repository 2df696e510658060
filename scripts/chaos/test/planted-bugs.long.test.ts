import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createReadyClone, type FreshClone } from "../../test/fresh-clone.ts";
import { runChaos, verdictOf } from "./chaos-command.ts";
import { plantedBugs } from "./planted-bugs.ts";

/** Not used while chaos was written. */
const firstSeed = 201;
const seedsMax = 10;
const patienceMs = seedsMax * 240_000;

let clone: FreshClone;

beforeAll(async () => {
  clone = await createReadyClone();
});

afterAll(() => clone.remove());

/** @returns takes it out again */
function plant(edits: (typeof plantedBugs)[number]["edits"]): () => void {
  const before = new Map<string, string>();
  for (const { file, was, is } of edits) {
    const path = join(clone.directory, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(was)) throw new Error(`${file} has changed: there is no ${was}`);
    if (!before.has(path)) before.set(path, text);
    writeFileSync(path, text.replace(was, is));
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
}

describe("chaos finds within ten seeds", () => {
  it.each(plantedBugs)(
    "$title",
    async ({ title, breaks, edits }) => {
      const takeOut = plant(edits);
      try {
        for (let seed = firstSeed; seed < firstSeed + seedsMax; seed++) {
          const ending = await runChaos(`--seed ${seed} --minutes 1`, undefined, clone.directory);
          if (ending.code === 0) continue;
          process.stderr.write(`${title}: ${verdictOf(ending)}\n`);
          expect(ending.output).toMatch(new RegExp(`✗ [${breaks}]: `));
          return;
        }
        throw new Error(`${seedsMax} seeds have not found it.`);
      } finally {
        takeOut();
      }
    },
    patienceMs,
  );
});
