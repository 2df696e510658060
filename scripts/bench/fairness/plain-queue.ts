/** The queue of the designs that add every job at once. */
export const plainQueue = { name: "fair", prefix: "{fair}" };
