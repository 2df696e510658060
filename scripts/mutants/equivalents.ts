import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Mutant } from "./mutant.ts";

const equivalent = z.strictObject({
  before: z.string().min(1),
  after: z.string(),
  /** Why no test could tell, or why none should. */
  why: z.string().min(1),
});
const equivalents = z.record(z.string(), z.array(equivalent));

export type Equivalent = z.infer<typeof equivalent> & { file: string };

/** @returns the mutants that are let live, from `equivalents.yaml` */
export function readEquivalents(): Equivalent[] {
  const text = readFileSync(new URL("./equivalents.yaml", import.meta.url), "utf8");
  return Object.entries(equivalents.parse(parse(text) ?? {})).flatMap(([file, list]) =>
    list.map((one) => ({ ...one, file })),
  );
}

export function isEquivalent(mutant: Mutant, list: readonly Equivalent[]): boolean {
  return list.some(
    ({ file, before, after }) => file === mutant.file && before === mutant.before && after === mutant.after,
  );
}

/** Those that name no mutant any more: the code has changed, and so the reason may have. */
export function outdated(list: readonly Equivalent[], mutants: readonly Mutant[]): Equivalent[] {
  const files = new Set(mutants.map((mutant) => mutant.file));
  return list.filter((one) => files.has(one.file) && !mutants.some((mutant) => isEquivalent(mutant, [one])));
}
