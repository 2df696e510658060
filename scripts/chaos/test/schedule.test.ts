import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type FaultName, faultKinds, faultOf } from "../faults/faults.ts";
import { type FaultGroup, faultGroups } from "../options.ts";
import { lineOf, type Schedule, schedules } from "../schedule.ts";
import { processesOf, type Topology, topologies, topologyOf } from "../topologies.ts";
import { readTrace, Trace } from "../trace.ts";

const windowMs = 60_000;

function scheduleOf(seed: number, topology: Topology, groups: readonly FaultGroup[] = faultGroups): Schedule {
  const [schedule = []] = fc.sample(schedules(topology, groups, windowMs), { seed, numRuns: 1 });
  return schedule;
}

function faultsSeen(topology: Topology, groups?: readonly FaultGroup[]): Set<FaultName> {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  return new Set(seeds.flatMap((seed) => scheduleOf(seed, topology, groups).map(({ fault }) => fault)));
}

describe("a schedule", () => {
  it("is decided by its seed", () => {
    const topology = topologyOf(3);
    expect(scheduleOf(3, topology)).toEqual(scheduleOf(3, topology));
    expect(scheduleOf(3, topology)).not.toEqual(scheduleOf(4, topology));
  });

  it.each(topologies)("has every fault that fits $name, and no other", (topology) => {
    const fitting = (Object.keys(faultKinds) as FaultName[]).filter(
      (name) => faultOf(name).fits?.(topology) ?? true,
    );
    expect([...faultsSeen(topology)].sort()).toEqual(fitting.sort());
  });

  it.each(faultGroups)("has faults of %s alone where no other are wanted", (group) => {
    for (const fault of faultsSeen(topologyOf(0), [group])) expect(faultOf(fault).group).toBe(group);
  });

  it("comes in order, within its time, to processes that there are", () => {
    for (const topology of topologies) {
      const { apis, workers } = processesOf(topology);
      const schedule = scheduleOf(1, topology);
      expect(schedule.map(({ atMs }) => atMs)).toEqual(
        schedule.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
      );
      expect(schedule.every(({ atMs }) => atMs >= 0 && atMs <= windowMs)).toBe(true);
      for (const { parameters } of schedule) {
        const { process } = parameters as { process?: string };
        if (process !== undefined) expect([...apis, ...workers]).toContain(process);
      }
    }
  });

  it("is shrunk to the one fault that matters", async () => {
    const property = fc.property(schedules(topologyOf(1), faultGroups, windowMs), (schedule) =>
      schedule.every(({ fault }) => fault !== "redis-wipe"),
    );
    const { counterexample } = fc.check(property, { seed: 1, numRuns: 1_000 });
    const [smallest = []] = counterexample ?? [];
    expect(smallest.map(({ fault }) => fault)).toEqual(["redis-wipe"]);
  });

  it("is shown as a line for each fault", () => {
    const fault = { atMs: 12_340, fault: "kill", parameters: { process: "worker-0", downMs: 800 } } as const;
    expect(lineOf(fault)).toBe("+ 12.3 s  kill                   process=worker-0 downMs=800");
  });
});

describe("a trace", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it("holds what runs the same again", () => {
    const run = {
      seed: 5,
      minutes: 1,
      topology: "small",
      only: [...faultGroups],
      schedule: scheduleOf(5, topologyOf(5)),
    };
    const trace = new Trace(directory, run);
    trace.note("violation", { violation: "A: nothing" });
    expect(readTrace(trace.file)).toEqual(run);
  });

  it.each([
    ["", "no trace"],
    ["{}", "no trace"],
    ['{"kind":"run","seed":1}', "no trace"],
    ["\u0000", "no trace"],
  ])("that is %j is refused in words", (text, words) => {
    const file = join(directory, "broken.jsonl");
    writeFileSync(file, text);
    expect(() => readTrace(file)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(words) }),
    );
  });

  it("that is not there is told so", () => {
    expect(() => readTrace(join(directory, "none"))).toThrow(/There is no trace/);
  });
});
