import type { BenchmarkName } from "./options.ts";

/** A figure over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** One thing that was measured, and whether it is as we want it. */
export interface Finding {
  benchmark: BenchmarkName;
  what: string;
  unit: "requests/s" | "jobs/s" | "ms";
  ours: Spread;
  /** Measured in the same rounds. The ratio is taken round by round: ours over the peer's. */
  peer?: { name: string; figure: Spread; ratio: Spread };
  /** Of the ratio's median where there is a peer, else of our own. */
  goal?: { atLeast: number } | { atMost: number };
  isMet?: boolean;
}

interface Comparison {
  benchmark: BenchmarkName;
  what: string;
  unit: Finding["unit"];
  peerName: string;
  /** One figure a round, the peer's in the same order. */
  ours: readonly number[];
  peer: readonly number[];
  /** The least ratio that we want; without it the peer stands there for comparison. */
  goalMin?: number;
}

export function compare({ benchmark, what, unit, peerName, ours, peer, goalMin }: Comparison): Finding {
  const ratio = spread(ours.map((figure, round) => figure / (peer[round] ?? Number.NaN)));
  return {
    benchmark,
    what,
    unit,
    ours: spread(ours),
    peer: { name: peerName, figure: spread(peer), ratio },
    ...(goalMin !== undefined && { goal: { atLeast: goalMin }, isMet: ratio.median >= goalMin }),
  };
}

/** @param latenciesMs one a round */
export function boundLatency(
  benchmark: BenchmarkName,
  what: string,
  latenciesMs: readonly number[],
  goalMaxMs?: number,
): Finding {
  const ours = spread(latenciesMs);
  const goal = goalMaxMs !== undefined && { goal: { atMost: goalMaxMs }, isMet: ours.median <= goalMaxMs };
  return { benchmark, what, unit: "ms", ours, ...goal };
}

function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}
