import type { BenchmarkName } from "./options.ts";

/** A figure over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Our processes, and the emulator, which stands for Gemini and is nobody's cost. */
export type CpuProcess = "worker" | "postgres" | "redis" | "api" | "emulator";
export type PeerProcess = "node" | "redis";

/** CPU of one job in µs, medians. */
export interface CpuOfJob {
  ours: Record<CpuProcess, number>;
  peer: Record<PeerProcess, number>;
  /** Worker, Postgres and Redis over the peer's. */
  ratio: number;
}

/** One thing that was measured, and whether it is as we want it. The first of a benchmark stands for it in `--json`. */
export interface Finding {
  benchmark: BenchmarkName;
  what: string;
  unit:
    | "requests/s"
    | "jobs/s"
    | "calls/s"
    | "calls"
    | "deliveries/s"
    | "chunks/s"
    | "ms"
    | "µs"
    | "picks"
    | "commits"
    | "share"
    | "s"
    | "bytes"
    | "KiB"
    | "USD";
  ours: Spread;
  /** Measured in the same rounds. The ratio is taken round by round: ours over the peer's. */
  peer?: { name: string; figure: Spread; ratio: Spread };
  /** Of the ratio's median where there is a peer, else of our own. */
  goal?: { atLeast: number } | { atMost: number };
  isMet?: boolean;
  cpu?: CpuOfJob;
}

interface Comparison {
  benchmark: BenchmarkName;
  what: string;
  unit: Finding["unit"];
  peerName: string;
  /** One figure a round, the peer's in the same order. */
  ours: readonly number[];
  peer: readonly number[];
  /** The least, or the most, ratio that we want; without it the peer stands there for comparison. */
  goalMin?: number | undefined;
  goalMax?: number | undefined;
}

export function compare(comparison: Comparison): Finding {
  const { benchmark, what, unit, peerName, ours, peer, goalMin, goalMax } = comparison;
  const ratio = spread(ours.map((figure, round) => figure / (peer[round] ?? Number.NaN)));
  return {
    benchmark,
    what,
    unit,
    ours: spread(ours),
    peer: { name: peerName, figure: spread(peer), ratio },
    ...judged(ratio.median, goalMin, goalMax),
  };
}

/** @param latenciesMs one a round */
export function boundLatency(
  benchmark: BenchmarkName,
  what: string,
  latenciesMs: readonly number[],
  goalMaxMs?: number,
): Finding {
  return bound({ benchmark, what, unit: "ms", ours: latenciesMs, goalMax: goalMaxMs });
}

/** A figure without a peer: `ours` has one a round. */
export function bound(
  figure: Pick<Comparison, "benchmark" | "what" | "unit" | "ours"> & {
    goalMin?: number | undefined;
    goalMax?: number | undefined;
  },
): Finding {
  const { goalMin, goalMax, ...rest } = figure;
  const ours = spread(figure.ours);
  return { ...rest, ours, ...judged(ours.median, goalMin, goalMax) };
}

function judged(figure: number, goalMin?: number, goalMax?: number): Pick<Finding, "goal" | "isMet"> {
  if (goalMin !== undefined) return { goal: { atLeast: goalMin }, isMet: figure >= goalMin };
  if (goalMax !== undefined) return { goal: { atMost: goalMax }, isMet: figure <= goalMax };
  return {};
}

export function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}
