import { createHash } from "node:crypto";

/** One file with one small fault in it. */
export interface Mutant {
  /** From the project's root. */
  file: string;
  line: number;
  /** The piece that is changed, on one line. */
  before: string;
  /** What stands there instead; "" where it is left out. */
  after: string;
  /** The whole file with the fault; undefined for TypeScript, whose mutants live side by side in one file. */
  text?: string;
}

/** killed: a suite failed, or took much longer than ever. invalid: it does not even compile, so it says nothing. */
export type Outcome = "killed" | "survived" | "invalid";

export interface Verdict {
  mutant: Mutant;
  outcome: Outcome;
  /** The suite that failed. */
  killedBy?: string;
}

export function hashOf(...parts: string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** @param text at most so many characters of it, on one line */
export function oneLine(text: string, charactersMax = 160): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…` : line;
}

/** Whether a mutant belongs to a share of all, by chance but the same way each time. */
export function isInSample({ file, text = "" }: Mutant, share: number): boolean {
  return Number.parseInt(hashOf(file, text).slice(0, 8), 16) < share * 2 ** 32;
}
