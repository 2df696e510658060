/**
 * A text as Postgres can store it, in `text` and `jsonb`: without U+0000, and with U+FFFD for each half of a surrogate pair.
 * Models write both, and an answer that can't be stored would be lost though it was paid.
 */
export function storable(text: string): string {
  return text.replaceAll("\u0000", "").toWellFormed();
}

/** The same of every string in a parsed JSON value, names included. */
export function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [storable(name), storableValue(each)]),
  );
}

/** The same of a text that comes in pieces, one of which may end in the middle of a pair. */
export class StorablePieces {
  #half = "";

  /** @returns what the piece adds; half a pair at its end waits for the next one */
  add(piece: string): string {
    const text = this.#half + piece;
    const isHalf = /[\uD800-\uDBFF]$/.test(text);
    this.#half = isHalf ? text.slice(-1) : "";
    return storable(isHalf ? text.slice(0, -1) : text);
  }

  /** What is left when no piece comes any more. */
  end(): string {
    const rest = storable(this.#half);
    this.#half = "";
    return rest;
  }
}
