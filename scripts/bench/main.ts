import { setMaxListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { temporaryDirectory } from "@understudy/testkit";
import { CommanderError } from "commander";
import { type Benchmark, withEnds } from "./bench-run.ts";
import { callsInFlight } from "./calls-in-flight.ts";
import { comparedTable, compareRefs } from "./compare-refs.ts";
import { costsOfCalls } from "./costs.ts";
import { durableAccept } from "./durable-accept.ts";
import { fairness } from "./fairness/fairness.ts";
import { figuresJson } from "./figures-json.ts";
import type { Finding } from "./finding.ts";
import { findingsTable } from "./findings-table.ts";
import { hotCreator } from "./hot-creator.ts";
import { httpLayer } from "./http-layer.ts";
import { type BenchmarkName, type CompareOptions, parseCompareOptions, parseOptions } from "./options.ts";
import { prompts } from "./prompts.ts";
import { streams } from "./streams.ts";
import { webhooks } from "./webhooks.ts";
import { wholeJob } from "./whole-job.ts";

const benchmarks: Record<BenchmarkName, Benchmark> = {
  http: httpLayer,
  accept: durableAccept,
  job: wholeJob,
  calls: callsInFlight,
  hot: hotCreator,
  webhooks,
  streams,
  costs: costsOfCalls,
  fairness,
  prompts,
};

/** From here on others' work weighs on the ratios: ours has four processes at work where a bare peer has two. */
const busyLoad = 1;

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "compare") return compareWith(parseCompareOptions(argv));
  const { names, json, ...sizes } = parseOptions(argv, process.env);
  const signal = onInterrupt();
  const findings: Finding[] = [];
  tellLoad();
  for (const name of names) {
    const report = (line: string) => console.log(`${name}  ${line}`);
    findings.push(...(await withEnds({ ...sizes, signal, report }, benchmarks[name])));
  }
  console.log(`\n${findingsTable(findings)}`);
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model };
  console.log(
    `Node ${machine.node}, ${machine.cpus} × ${machine.cpu}. Trust the ratios; figures are medians.`,
  );
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify(figuresJson(findings), null, 2)}\n`);
  }
}

/** Sets this tree beside another version of it. */
async function compareWith(options: CompareOptions): Promise<void> {
  const directory = await temporaryDirectory();
  const signal = onInterrupt();
  const report = (line: string) => console.log(`compare  ${line}`);
  tellLoad();
  try {
    const run = { ...options, chartFile: "", signal, report };
    const compared = await withEnds(run, (bench) =>
      compareRefs(bench, process.cwd(), directory.path, options),
    );
    console.log(`\n${comparedTable(compared, options.ref)}`);
  } finally {
    await directory.remove();
  }
}

function tellLoad(): void {
  const [load = 0] = loadavg();
  if (load <= busyLoad) return;
  console.log(`This machine is busy (load ${load.toFixed(1)}): it slows many processes more than one.`);
}

/** The first Ctrl-C stops and removes everything, the second ends the process at once. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  // Whatever is under way listens.
  setMaxListeners(0, controller.signal);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      console.log("\nStopping; press Ctrl-C again to leave at once.");
      controller.abort(new Interrupted());
    });
  }
  return controller.signal;
}

class Interrupted extends Error {}

function exitCodeOf(thrown: unknown): number {
  // Commander has printed its help or what is wrong with the options.
  if (thrown instanceof CommanderError) return thrown.exitCode;
  if (thrown instanceof Interrupted) return 130;
  console.error(thrown);
  return 1;
}

process.exitCode = await main(process.argv.slice(2)).then(() => 0, exitCodeOf);
