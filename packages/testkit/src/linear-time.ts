import { parseFileSync } from "@swc/core";

/** Characters of the shorter text; the longer one has four times as many. */
const length = 4_000;

/** What takes less is not quadratic: that many characters squared take ten milliseconds. */
const worthMs = 2;

/** Parts of texts whatever it looks for. */
const usual = [" ", "\n", "a", "1", "."];

/** Linear is 4, quadratic 16. */
const ratioMax = 6;

/** What takes so long is slow whatever its shape: it is not tried with more. */
const hopelessMs = 300;

/**
 * Looks for a text of which four times as much takes more than six times as long.
 * @param modules files whose patterns' own literals, and white space, the texts are made of
 * @returns what it is made of; undefined where there is none
 */
export function slowTextFor(read: (text: string) => unknown, modules: readonly URL[]): string | undefined {
  const atoms = [...new Set([...usual, ...modules.flatMap(atomsOf)])];
  const signs = atoms.filter((atom) => atom.length === 1);
  for (const one of atoms) {
    for (const other of one.length === 1 ? signs : usual) {
      for (const [filling, make] of fillings(one, other)) if (isSlow(read, make)) return filling;
    }
  }
  return undefined;
}

function isSlow(read: (text: string) => unknown, make: (length: number) => string): boolean {
  const ms = msOf(read, make(length));
  if (ms < worthMs) return false;
  if (ms > hopelessMs) return msOf(read, make(length)) > hopelessMs;
  // A collection of garbage can make one of them look so, not all.
  return [length, 2 * length, length].every(
    (size) => best(read, make(4 * size)) / best(read, make(size)) > ratioMax,
  );
}

function fillings(one: string, other: string): [string, (length: number) => string][] {
  const many = (text: string, size: number) => text.repeat(Math.ceil(size / text.length)).slice(0, size);
  return [
    [
      `${JSON.stringify(one)}, then many ${JSON.stringify(other)}`,
      (size) => `${one}${many(other, size)}\u0021x`,
    ],
    [`many ${JSON.stringify(one + other)}`, (size) => many(one + other, size)],
  ];
}

function best(read: (text: string) => unknown, text: string): number {
  return Math.min(...Array.from({ length: 5 }, () => msOf(read, text)));
}

/** Of CPU: what else this machine does is no part of it. */
function msOf(read: (text: string) => unknown, text: string): number {
  const before = process.cpuUsage();
  read(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Short texts that the patterns of a module look for: words, signs, one of each class of characters. */
function atomsOf(module: URL): string[] {
  return patternsIn(parseFileSync(module.pathname, { syntax: "typescript" })).flatMap(literalsOf);
}

function patternsIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const own =
    "type" in node && node.type === "RegExpLiteral" && "pattern" in node ? [String(node.pattern)] : [];
  return [...own, ...Object.values(node).flatMap(patternsIn)];
}

const classes: Readonly<Record<string, string>> = {
  s: " ",
  d: "1",
  w: "a",
  S: "a",
  D: "a",
  W: " ",
  n: "\n",
  t: "\t",
};

function literalsOf(pattern: string): string[] {
  return pattern
    .replace(/\\[up]\{[^}]*\}|\\u[0-9a-f]{4}|\\b/gi, "\0")
    .replace(/\(\?(?:<?[=!]|:)|\{[\d,]*\}/g, "\0")
    .replace(/\[\^?((?:\\.|[^\]\\])*)\]/g, (_, members: string) => `\0${members.slice(0, 3)}\0`)
    .replace(/\\(.)/g, (_, letter: string) => classes[letter] ?? `\0${letter}\0`)
    .split(/[\0^$.*+?()|]+/)
    .filter((literal) => literal !== "");
}
