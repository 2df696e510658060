/** What is compared, in the order of the table and the chart. */
export const variants = {
  unloaded: "lanes, no hot creator",
  lanes: "lanes",
  recheck: "check at each pick",
  fifo: "BullMQ, FIFO (no limit)",
} as const;

export type Variant = keyof typeof variants;
export const variantNames = Object.keys(variants) as Variant[];
