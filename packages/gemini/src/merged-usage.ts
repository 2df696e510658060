/**
 * The usage of a streamed answer, of two chunks' `usageMetadata`: field by field the later one, where it says something.
 * Each chunk counts all before it as well; `null`, nothing and zero take nothing back.
 */
export function mergeUsage(earlier: unknown, later: unknown): unknown {
  if (!isFields(later)) return earlier ?? later ?? null;
  if (!isFields(earlier)) return later;
  const kept = Object.entries(earlier).filter(
    ([name, value]) => !Object.hasOwn(later, name) || (saysSomething(value) && !saysSomething(later[name])),
  );
  return kept.length === 0 ? later : { ...later, ...Object.fromEntries(kept) };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}
