import { type BenchRun, takeTurns } from "../bench-run.ts";
import { bound, compare, type Finding } from "../finding.ts";
import { quantile } from "../quantile.ts";
import { type FairOutcome, fairRun } from "./fair-run.ts";
import type { FairCreator } from "./feeder.ts";
import type { Design } from "./worker-messages.ts";

/** Buckets that bind nobody: only the workers are scarce. */
const unbound = { ratePerHour: 1_000_000_000, burst: 1_000_000 };
const creator = (id: string, weight: number): FairCreator => ({ id, terms: { ...unbound, weight } });
const hot = creator("hot", 1);
const light = Array.from({ length: 50 }, (_, index) => creator(`light_${index}`, 1));
const weights = [1, 2, 4];
const weighed = weights.map((weight) => creator(`weight_${weight}`, weight));

/** More than 32 workers get through meanwhile at 20 ms a job. */
const hotJobs = 20_000;
const weighedJobs = 20_000;
const fullSeconds = 6;
const fullRounds = 3;

/** What is fair where nobody's bucket binds: who waits for a worker, and for how long. */
export async function scarceCapacity(run: BenchRun): Promise<Finding[]> {
  const isFull = run.scale === 1;
  // As long as the jobs last, at any size.
  const seconds = Math.max(2, fullSeconds * run.scale);
  const share = isFull ? 1 : (seconds + 4) / (fullSeconds + 4);
  const contestant = (name: string, design: Design) => ({
    name,
    measure: () =>
      fairRun(run, {
        design,
        processes: 1,
        waiting: { creators: [hot], count: Math.round(hotJobs * share) },
        light,
        seconds,
      }),
    show: (outcome: FairOutcome) =>
      `light p95 ${p95(outcome).toFixed(1)} ms, ${outcome.startsPerSecond.toFixed(0)} jobs/s`,
  });
  const [lanes = [], fifo = []] = await takeTurns(run, isFull ? fullRounds : 1, [
    contestant("workers scarce, lanes", "lanes"),
    contestant("workers scarce, BullMQ, FIFO", "fifo"),
  ]);
  const common = { benchmark: "fairness", peerName: "FIFO" } as const;
  return [
    compare({
      ...common,
      what: "light p95, workers scarce",
      unit: "ms",
      ours: lanes.map(p95),
      peer: fifo.map(p95),
      goalMax: isFull ? 0.01 : undefined,
    }),
    compare({
      ...common,
      what: "throughput with 20 ms jobs",
      unit: "jobs/s",
      ours: lanes.map((outcome) => outcome.startsPerSecond),
      peer: fifo.map((outcome) => outcome.startsPerSecond),
      goalMin: 0.95,
    }),
    await sharesByWeight(run, seconds, Math.round(weighedJobs * share)),
  ];
}

const p95 = ({ lightWaitsMs }: FairOutcome) => quantile(lightWaitsMs, 0.95);

/** How far a creator's share of the starts is from that of its weight, at the most. */
async function sharesByWeight(run: BenchRun, seconds: number, count: number): Promise<Finding> {
  const waiting = { creators: weighed, count };
  const { picks, startsPerSecondOf } = await fairRun(run, {
    design: "lanes",
    processes: 1,
    waiting,
    seconds,
  });
  const starts = weighed.map(({ id }) => startsPerSecondOf(id));
  const sum = (figures: readonly number[]) => figures.reduce((all, figure) => all + figure, 0);
  const shares = starts.map((figure) => figure / sum(starts));
  if (picks >= count) throw new Error("A creator may have had nothing left that waits.");
  run.report(`weights ${weights.join(":")} start ${shares.map((share) => share.toFixed(3)).join(" : ")}`);
  const deviations = shares.map((share, index) =>
    Math.abs(share / ((weights[index] ?? 0) / sum(weights)) - 1),
  );
  return bound({
    benchmark: "fairness",
    what: "share beside its weight, worst of 1:2:4",
    unit: "share",
    ours: [Math.max(...deviations)],
    goalMax: 0.05,
  });
}
