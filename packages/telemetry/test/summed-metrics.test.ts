import { beforeEach, describe, expect, it } from "@jest/globals";
import { Counter, Gauge, Histogram } from "prom-client";
import { ServiceMetrics, SummedMetrics } from "../src/index.ts";

/** Of one process, as its parent asks it: over a channel that knows JSON alone. */
function startProcess() {
  const metrics = new ServiceMetrics("worker");
  const registers = [metrics.registry];
  return {
    jobs: new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["agent"], registers }),
    seconds: new Histogram({ name: "seconds", help: "Seconds.", buckets: [1, 5], registers }),
    inProgress: new Gauge({ name: "in_progress", help: "Now.", registers }),
    up: new Gauge({ name: "up", help: "Up.", aggregator: "min", registers }),
    figures: async () => JSON.parse(JSON.stringify(await metrics.figures())),
  };
}

type Process = ReturnType<typeof startProcess>;

/** By the id of each; undefined where one is silent. */
const processes = new Map<number, Process | undefined>();
let sum: SummedMetrics;
let first: Process;
let second: Process;

beforeEach(() => {
  [first, second] = [startProcess(), startProcess()];
  processes.clear();
  processes.set(1, first).set(2, second);
  const ask = async () =>
    new Map(
      await Promise.all([...processes].map(async ([id, each]) => [id, await each?.figures()] as const)),
    );
  sum = new SummedMetrics({ ask });
  first.jobs.inc({ agent: "chat" }, 3);
  second.jobs.inc({ agent: "chat" }, 4);
  second.jobs.inc({ agent: "test" }, 1);
  first.seconds.observe(0.5);
  second.seconds.observe(3);
  first.inProgress.set(2);
  second.inProgress.set(5);
  first.up.set(1);
  second.up.set(0);
});

/** Those of our own, without help and type. */
async function series(): Promise<string[]> {
  const lines = (await sum.text()).split("\n");
  return lines.filter((line) => /^(jobs_total|seconds_|in_progress|up)/.test(line)).sort();
}

describe("metrics of several processes", () => {
  it("are sums, and the worst of what is no count", async () => {
    expect(await series()).toEqual([
      "in_progress 7",
      'jobs_total{agent="chat"} 7',
      'jobs_total{agent="test"} 1',
      'seconds_bucket{le="+Inf"} 2',
      'seconds_bucket{le="1"} 1',
      'seconds_bucket{le="5"} 2',
      "seconds_count 2",
      "seconds_sum 3.5",
      "up 0",
    ]);
    const text = await sum.text();
    expect(text.match(/^understudy_build_info\{.*\} (.*)$/m)?.[1]).toBe("1");
    expect(text).toMatch(/^process_start_time_seconds \d+/m);
    expect(text).not.toMatch(/null|undefined/);
  });

  it("never count down: not when one is silent, dies, or another comes in its place", async () => {
    const before = await series();
    processes.set(2, undefined);
    const counts = (lines: string[]) => lines.filter((line) => !/^(in_progress|up) /.test(line));
    expect(counts(await series())).toEqual(counts(before));
    expect(await series()).toContain("in_progress 2");
    processes.delete(2);
    expect(counts(await series())).toEqual(counts(before));
    const third = startProcess();
    third.jobs.inc({ agent: "chat" }, 10);
    processes.set(3, third);
    expect(await series()).toContain('jobs_total{agent="chat"} 17');
    processes.delete(3);
    processes.delete(1);
    expect(await series()).toContain('jobs_total{agent="chat"} 17');
    expect(await series()).toContain("seconds_count 2");
    expect((await series()).some((line) => line.startsWith("in_progress"))).toBe(false);
  });

  it("asked for while they are summed up are the same sum", async () => {
    const [one, other] = await Promise.all([sum.text(), sum.text()]);
    expect(one).toBe(other);
  });
});
