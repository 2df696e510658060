import type { Benchmark } from "../bench-run.ts";
import { growth } from "./growth.ts";
import { noisyNeighbour } from "./noisy-neighbour.ts";
import { scarceCapacity } from "./scarce-capacity.ts";

/** The lanes alone, without Postgres and HTTP, beside the designs that they are there instead of. */
export const fairness: Benchmark = async (run) => {
  if (run.scale < 1) run.report(`at ${run.scale} of the full size: its goals hold for all of it`);
  return [...(await noisyNeighbour(run)), ...(await scarceCapacity(run)), ...(await growth(run))];
};
