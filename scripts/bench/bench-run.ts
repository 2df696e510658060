import type { Finding } from "./finding.ts";

/** What a benchmark is given. */
export interface BenchRun {
  /** How long each turn that counts requests lasts. */
  seconds: number;
  /** Of benchmarks that have a size: how much of it. */
  scale: number;
  /** Where a benchmark's chart goes, an SVG file. */
  chartFile: string;
  /** Fan messages for the benchmark of prompts (CSV); our own unless given. */
  messagesFile?: string | undefined;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** Says in a short line what is under way. */
  report(line: string): void;
  /** Keeps what ends something that was started: all is ended when the benchmark is over, the last first. */
  atEnd(end: () => Promise<unknown>): void;
}

export type Benchmark = (run: BenchRun) => Promise<Finding[]>;

/** Does something, such as a benchmark, and ends all that it has started, whatever happens. */
export async function withEnds<Result>(
  run: Omit<BenchRun, "atEnd">,
  work: (run: BenchRun) => Promise<Result>,
): Promise<Result> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return await work({ ...run, atEnd: (end) => void ends.push(end) });
  } finally {
    for (const end of ends.toReversed()) {
      await end().catch((error: unknown) => run.report(`something could not be stopped: ${error}`));
    }
  }
}

/** One of those that are measured against each other. */
export interface Contestant<Measured> {
  name: string;
  measure(): Promise<Measured>;
  /** The figure that progress lines show. */
  show(measured: Measured): string;
}

/**
 * Lets contestants take turns, A B A B A B: what else this machine does meets all of them.
 * @returns for each its figures, one a round
 */
export async function takeTurns<Measured>(
  run: Pick<BenchRun, "signal" | "report">,
  rounds: number,
  contestants: readonly Contestant<Measured>[],
): Promise<Measured[][]> {
  const measured: Measured[][] = contestants.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      run.signal.throwIfAborted();
      const figure = await contestant.measure();
      measured[index]?.push(figure);
      run.report(`round ${round}/${rounds}  ${contestant.name}: ${contestant.show(figure)}`);
    }
  }
  return measured;
}
