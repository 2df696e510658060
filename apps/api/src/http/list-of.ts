import { z } from "zod";

/** What a list answers: a page of it, and where the next one begins, unless it is the last. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}
