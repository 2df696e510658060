import type { CpuProcess, Finding, PeerProcess } from "./finding.ts";

/** A benchmark's figures for other programs: medians over the rounds, of its first finding. */
export interface BenchmarkFigures {
  ours: number;
  /** Null where there is nothing to compare with. */
  peer: number | null;
  /** Ours over the peer's, taken round by round. */
  ratio: number | null;
  cpuMicrosPerJob?: Record<CpuProcess, number>;
  peerCpuMicrosPerJob?: Record<PeerProcess, number>;
  /** Of our own processes (worker, Postgres, Redis) over the peer's. */
  cpuRatio?: number;
  /** Of the ratio where there is a peer, else of ours. Null: measured to be known. */
  goal: number | null;
  isMet: boolean | null;
  unit: Finding["unit"];
  /** All that was measured, with its spread. */
  findings: readonly Finding[];
}

/** @returns by the benchmarks' names */
export function figuresJson(findings: readonly Finding[]): Record<string, BenchmarkFigures> {
  const names = new Set(findings.map(({ benchmark }) => benchmark));
  return Object.fromEntries(
    [...names].map((name) => [name, figuresOf(findings.filter(({ benchmark }) => benchmark === name))]),
  );
}

function figuresOf(findings: Finding[]): BenchmarkFigures {
  const [first] = findings;
  if (!first) throw new Error("A benchmark has found nothing.");
  const { ours, peer, cpu, goal, isMet = null, unit } = first;
  return {
    ours: ours.median,
    peer: peer?.figure.median ?? null,
    ratio: peer?.ratio.median ?? null,
    ...(cpu && {
      cpuMicrosPerJob: cpu.ours,
      peerCpuMicrosPerJob: cpu.peer,
      cpuRatio: cpu.ratio,
    }),
    goal: goal ? ("atLeast" in goal ? goal.atLeast : goal.atMost) : null,
    isMet,
    unit,
    findings,
  };
}
