export const dayMs = 86_400_000;

/** Of the UTC day in which a time lies (milliseconds since 1970): days since 1970-01-01. */
export function dayNumber(timeMs: number): number {
  return Math.floor(timeMs / dayMs);
}
