import { decodeCursor, encodeCursor } from "../http/cursor.ts";

/** How lists of webhooks are ordered. */
export const newestFirst = [{ createdAt: "desc" as const }, { id: "desc" as const }];

/** Of such a list what comes behind the cursor. @throws a 400 problem where it is not one of ours */
export function behind(cursor: string | undefined) {
  if (cursor === undefined) return {};
  const { startedAt: createdAt, id } = decodeCursor(cursor);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

/** @param rows one more than `limit` where there is another page */
export function pageOf<Row extends { createdAt: Date; id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => Item,
): { items: Item[]; nextCursor?: string } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(present),
    ...(last && { nextCursor: encodeCursor({ startedAt: last.createdAt, id: last.id }) }),
  };
}
