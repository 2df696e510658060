// Plants faults in a statement: each condition, sum, order, lock and write is left out or turned round.
// Postgres' own parser reads the statement and writes it again, so that a mutant is always a statement.
import { deparseSync, loadModule, parseSync } from "pgsql-parser";
import { type Mutant, oneLine } from "./mutant.ts";
import { type Fields, type Variant, variantsOf } from "./sql-variants.ts";

type Path = readonly (string | number)[];

/**
 * What a file includes stays as it is: it is a file of its own.
 * @param text a statement, or entries of a WITH list that statements include
 * @returns every mutant of it, in the order of its text
 */
export async function sqlMutants(file: string, text: string): Promise<Mutant[]> {
  await loadModule();
  const isStatement = /^(WITH|SELECT|INSERT|UPDATE|DELETE|LOCK)\b/m.test(text);
  const whole = text.replace(include, `"$&" AS (SELECT)`);
  return isStatement ? mutantsIn(file, whole) : mutantsIn(file, `WITH ${whole} SELECT`).map(unwrapped);
}

/** Its line of the file is an entry of a WITH list while it is parsed. */
const include = /^-- include \S+$/gm;

function unwrapped(mutant: Mutant): Mutant {
  return { ...mutant, text: (mutant.text ?? "").replace(/^WITH\s*/, "").replace(/\s*SELECT\s*$/, "\n") };
}

function mutantsIn(file: string, text: string): Mutant[] {
  const tree = parseSync(text);
  const found: { path: Path; variant: Variant; location: number }[] = [];
  visit(tree, [], { isCondition: false, end: 0 }, (path, variant, end) => {
    const location = Math.min(...locationsIn(variant.about));
    // A lock has no place of its own: it stands at the end of what it locks.
    found.push({ path, variant, location: Number.isFinite(location) ? location : end });
  });
  const bytes = Buffer.from(text);
  return found
    .sort((a, b) => a.location - b.location)
    .map(({ path, variant, location }) => ({
      file,
      line: bytes.subarray(0, location).toString().split("\n").length,
      before: oneLine(words(variant.about, variant.label)),
      after: oneLine(variant.instead === undefined ? "" : words(variant.instead)),
      text: written(replaced(tree, path, variant.object)),
    }));
}

interface Around {
  /** The object is one condition, which is left out as a whole in another mutant. */
  isCondition: boolean;
  /** Where the last part of what is around stands. */
  end: number;
}

function visit(
  value: unknown,
  path: Path,
  around: Around,
  found: (path: Path, variant: Variant, end: number) => void,
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(item, [...path, index], around, found);
  } else if (typeof value === "object" && value !== null) {
    const fields = value as Fields;
    const end = Math.max(0, ...locationsIn(fields)) || around.end;
    for (const variant of variantsOf(fields, around.isCondition)) found(path, variant, end);
    for (const [key, inner] of Object.entries(fields)) {
      visit(inner, [...path, key], { isCondition: isConditionKey(key, fields), end }, found);
    }
  }
}

function isConditionKey(key: string, fields: Fields): boolean {
  return (
    ["whereClause", "havingClause", "quals", "agg_filter"].includes(key) ||
    (key === "args" && "boolop" in fields)
  );
}

function replaced(value: unknown, [key, ...rest]: Path, object: unknown): unknown {
  if (key === undefined) return object;
  if (Array.isArray(value)) return value.with(Number(key), replaced(value[Number(key)], rest, object));
  return { ...(value as Fields), [key]: replaced((value as Fields)[key], rest, object) };
}

function written(tree: unknown): string {
  const text = deparseSync(tree as Parameters<typeof deparseSync>[0]);
  return `${text.replace(/"?(-- include \S+?)"? AS \(SELECT\s*\)/g, "\n$1\n")}\n`;
}

function words(node: unknown, label = ""): string {
  const nodes = Array.isArray(node) ? node : [node];
  return label + nodes.map((one) => deparseSync(one as Parameters<typeof deparseSync>[0])).join(", ");
}

/** Where its parts stand, in bytes; the parser does not say it of every kind of node. */
function locationsIn(node: unknown): number[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === "location") return Number(value) >= 0 ? [Number(value)] : [];
    return locationsIn(value);
  });
}
