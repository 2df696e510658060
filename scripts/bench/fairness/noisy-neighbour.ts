import Table from "cli-table3";
import { type BenchRun, takeTurns } from "../bench-run.ts";
import { bound, boundLatency, compare, type Finding } from "../finding.ts";
import { quantile } from "../quantile.ts";
import { bound as bucket, type FairLoad, type FairOutcome, fairRun } from "./fair-run.ts";
import type { FairCreator } from "./feeder.ts";
import { type Variant, variantNames, variants } from "./variants.ts";
import { drawWaits } from "./waits-chart.ts";

const terms = { ...bucket, weight: 1 };
const hot: FairCreator = { id: "hot", terms };
const light: FairCreator[] = Array.from({ length: 50 }, (_, index) => ({
  id: `light_${index}`,
  terms,
}));

const hotJobs = 50_000;
const fullSeconds = 8;
const fullRounds = 3;

/** Worker processes, and how many ms a hot creator may add to the light ones' p99. */
const setups = [
  { processes: 1, addedMsMax: 20 },
  { processes: 4, addedMsMax: 40 },
];

/** One a round. */
type Outcomes = Record<Variant, FairOutcome[]>;

/** A hot creator's jobs, far more than its bucket lets through, beside those of light creators. */
export async function noisyNeighbour(run: BenchRun): Promise<Finding[]> {
  const table = new Table({
    head: [
      "design",
      "workers",
      "picks/start",
      "light p50 ms",
      "light p99 ms",
      "hot / its rate",
      "starts",
      "Redis CPU s",
    ],
    colAligns: ["left", ...Array<"right">(7).fill("right")],
    style: { head: [], border: [], compact: true },
  });
  const findings: Finding[] = [];
  const waits: { processes: number; waitsMs: Record<Variant, number[]> }[] = [];
  for (const { processes, addedMsMax } of setups) {
    const outcomes = await measure(run, processes);
    findings.push(
      ...findingsOf(outcomes, `${processes} worker${processes > 1 ? "s" : ""}`, addedMsMax, run.scale === 1),
    );
    const waitsMs = mapVariants((variant) => pooledWaits(outcomes[variant]));
    waits.push({ processes, waitsMs });
    for (const variant of variantNames)
      table.push(row(variant, processes, outcomes[variant], waitsMs[variant]));
  }
  run.report(`light creators beside a hot one with ${hotJobs * run.scale} jobs\n${table}`);
  drawWaits(run.chartFile, waits);
  run.report(`light creators' waits: ${run.chartFile}`);
  return findings;
}

function mapVariants<Value>(of: (variant: Variant) => Value): Record<Variant, Value> {
  return Object.fromEntries(variantNames.map((variant) => [variant, of(variant)])) as Record<Variant, Value>;
}

/** The first two take turns; the others, whose figures are far away, run once. */
async function measure(run: BenchRun, processes: number): Promise<Outcomes> {
  const common = { processes, light, seconds: Math.max(3, fullSeconds * run.scale) };
  const waiting = { creators: [hot], count: Math.round(hotJobs * run.scale) };
  const contestant = (variant: Variant, load: Pick<FairLoad, "design" | "waiting">) => ({
    name: `${variants[variant]}, ${processes} worker process${processes > 1 ? "es" : ""}`,
    measure: () => fairRun(run, { ...common, ...load }),
    show,
  });
  const [unloaded = [], lanes = []] = await takeTurns(run, run.scale === 1 ? fullRounds : 1, [
    contestant("unloaded", { design: "lanes" }),
    contestant("lanes", { design: "lanes", waiting }),
  ]);
  const [recheck = [], fifo = []] = await takeTurns(run, 1, [
    contestant("recheck", { design: "recheck", waiting }),
    contestant("fifo", { design: "fifo", waiting }),
  ]);
  return { unloaded, lanes, recheck, fifo };
}

function show({ picks, starts, lightWaitsMs, redisCpuSeconds }: FairOutcome): string {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(lightWaitsMs, share).toFixed(1));
  return `light p50 ${p50}, p99 ${p99} ms; ${picks} picks for ${starts} starts; Redis ${redisCpuSeconds.toFixed(1)} s`;
}

function pooledWaits(outcomes: readonly FairOutcome[]): number[] {
  return outcomes.flatMap((outcome) => outcome.lightWaitsMs).sort((a, b) => a - b);
}

const picksPerStart = ({ picks, starts }: FairOutcome) => picks / starts;
const p99 = ({ lightWaitsMs }: FairOutcome) => quantile(lightWaitsMs, 0.99);

/** The hot creator's starts as a share of what its bucket allows once the burst is spent. */
function shareOfRate({ startsPerSecondOf }: FairOutcome): number {
  return startsPerSecondOf(hot.id) / (bucket.ratePerHour / 3_600);
}

function row(variant: Variant, processes: number, outcomes: FairOutcome[], waitsMs: number[]) {
  const mean = (figure: (outcome: FairOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + figure(outcome), 0) / outcomes.length;
  return [
    variants[variant],
    processes,
    mean(picksPerStart).toFixed(3),
    quantile(waitsMs, 0.5).toFixed(1),
    quantile(waitsMs, 0.99).toFixed(1),
    variant === "unloaded" ? "" : mean(shareOfRate).toFixed(3),
    Math.round(mean(({ starts }) => starts)),
    mean(({ redisCpuSeconds }) => redisCpuSeconds).toFixed(2),
  ];
}

/** @param isFull whether there are as many jobs as the goals beside FIFO are for */
function findingsOf(outcomes: Outcomes, setup: string, addedMsMax: number, isFull: boolean): Finding[] {
  const { unloaded, lanes, recheck, fifo } = outcomes;
  const benchmark = "fairness";
  // Those that run once stand beside every round of ours.
  const each = (once: readonly FairOutcome[], figure: (outcome: FairOutcome) => number) =>
    lanes.map((_, round) => figure((once[round] ?? once[0]) as FairOutcome));
  const added = lanes.map((loaded, round) => p99(loaded) - p99(unloaded[round] as FairOutcome));
  const light = { benchmark, what: `light p99, ${setup}`, unit: "ms", ours: lanes.map(p99) } as const;
  const cpu = lanes.map(({ redisCpuSeconds }) => redisCpuSeconds);
  const picks = lanes.map(picksPerStart);
  return [
    bound({ benchmark, what: `picks for each start, ${setup}`, unit: "picks", ours: picks, goalMax: 1.01 }),
    boundLatency(benchmark, `light p99 above unloaded, ${setup}`, added, addedMsMax),
    compare({ ...light, peerName: "FIFO", peer: each(fifo, p99), goalMax: isFull ? 0.01 : undefined }),
    compare({ ...light, peerName: "check at each pick", peer: each(recheck, p99) }),
    bound({
      benchmark,
      what: `hot creator / its rate, ${setup}`,
      unit: "share",
      ours: lanes.map(shareOfRate),
      goalMin: 0.97,
    }),
    compare({
      benchmark,
      what: `Redis CPU, ${setup}`,
      unit: "s",
      ours: cpu,
      peerName: variants.recheck,
      peer: each(recheck, ({ redisCpuSeconds }) => redisCpuSeconds),
    }),
  ];
}
