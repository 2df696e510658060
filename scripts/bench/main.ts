import { setMaxListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { CommanderError } from "commander";
import { type Benchmark, withEnds } from "./bench-run.ts";
import { costsOfCalls } from "./costs.ts";
import { durableAccept } from "./durable-accept.ts";
import { fairness } from "./fairness/fairness.ts";
import type { Finding } from "./finding.ts";
import { findingsTable } from "./findings-table.ts";
import { httpLayer } from "./http-layer.ts";
import { type BenchmarkName, parseOptions } from "./options.ts";
import { prompts } from "./prompts.ts";
import { streams } from "./streams.ts";
import { webhooks } from "./webhooks.ts";
import { wholeJob } from "./whole-job.ts";

const benchmarks: Record<BenchmarkName, Benchmark> = {
  http: httpLayer,
  accept: durableAccept,
  job: wholeJob,
  webhooks,
  streams,
  costs: costsOfCalls,
  fairness,
  prompts,
};

/** From here on others' work weighs on the ratios: ours has four processes at work where a bare peer has two. */
const busyLoad = 1;

async function main(): Promise<void> {
  const { names, json, ...sizes } = parseOptions(process.argv.slice(2), process.env);
  const signal = onInterrupt();
  const findings: Finding[] = [];
  const [load = 0] = loadavg();
  if (load > busyLoad) {
    console.log(`This machine is busy (load ${load.toFixed(1)}): it slows many processes more than one.`);
  }
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
    writeFileSync(
      json,
      `${JSON.stringify({ at: new Date(), machine, seconds: sizes.seconds, scale: sizes.scale, findings }, null, 2)}\n`,
    );
  }
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

process.exitCode = await main().then(() => 0, exitCodeOf);
