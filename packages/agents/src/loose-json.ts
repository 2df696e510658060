import { z } from "zod";

/** Bounds of JSON whose form is the app's own. */
interface JsonBounds {
  /** Most levels of arrays and objects within each other. */
  depthMax: number;
  /** Most values in it, lists and objects included; names of fields are not counted. */
  valuesMax: number;
  /** Most characters of any text or name. */
  textMax: number;
}

const usual: JsonBounds = { depthMax: 8, valuesMax: 5000, textMax: 4000 };

/** JSON of any form, bounded in depth and size. */
export function looseJson(bounds: Partial<JsonBounds> = {}) {
  const limits = { ...usual, ...bounds };
  return z
    .unknown()
    .refine(
      (value) => fits(value, limits),
      `must be JSON of at most ${limits.depthMax} levels and ${limits.valuesMax} values, texts of ${limits.textMax}`,
    );
}

function fits(value: unknown, { depthMax, valuesMax, textMax }: JsonBounds): boolean {
  let left = valuesMax;
  function visit(part: unknown, depth: number): boolean {
    if (--left < 0) return false;
    if (typeof part === "string") return part.length <= textMax;
    if (part === null || typeof part === "boolean") return true;
    if (typeof part === "number") return Number.isFinite(part);
    if (typeof part !== "object" || depth >= depthMax) return false;
    // The names of an array's items are their places.
    return Object.entries(part).every(([name, item]) => name.length <= textMax && visit(item, depth + 1));
  }
  return visit(value, 0);
}
