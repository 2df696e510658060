import { describe, expect, test } from "@jest/globals";
import { compareFigures } from "../compare-refs.ts";
import { figuresJson } from "../figures-json.ts";
import { bound, compare } from "../finding.ts";

const cpu = {
  ours: { worker: 900, postgres: 400, redis: 100, api: 300, emulator: 200 },
  peer: { node: 130, redis: 120 },
  ratio: 5.6,
};

function jobFindings(jobsPerSecond: number[]) {
  const rate = { benchmark: "job", what: "whole job", unit: "jobs/s", ours: jobsPerSecond } as const;
  return [
    { ...compare({ ...rate, peerName: "BullMQ no-op", peer: [1000, 1000, 2000], goalMin: 0.15 }), cpu },
    bound({ benchmark: "job", what: "commits a job", unit: "commits", ours: [0.2, 0.3, 0.4], goalMax: 0.3 }),
  ];
}

describe("the figures as JSON", () => {
  test("tell of each benchmark its first finding, as medians, and CPU by process", () => {
    const figures = figuresJson(jobFindings([100, 200, 300]));
    expect(figures.job).toMatchObject({
      ours: 200,
      peer: 1000,
      ratio: 0.15,
      cpuMicrosPerJob: cpu.ours,
      peerCpuMicrosPerJob: cpu.peer,
      cpuRatio: 5.6,
      goal: 0.15,
      isMet: true,
    });
    expect(figures.job?.findings).toHaveLength(2);
  });

  test("tell of a benchmark without a peer its own figure", () => {
    const figures = figuresJson([
      bound({ benchmark: "prompts", what: "chat", unit: "USD", ours: [1, 2, 3] }),
    ]);
    expect(figures.prompts).toMatchObject({ ours: 2, peer: null, ratio: null, goal: null, isMet: null });
    expect(figures.prompts).not.toHaveProperty("cpuMicrosPerJob");
  });

  test("are compared turn by turn, a worse turn of both changes nothing", () => {
    const turn = (jobsPerSecond: number) => figuresJson(jobFindings([jobsPerSecond]));
    const compared = compareFigures([turn(200), turn(20)], [turn(100), turn(10)]);
    const rate = compared.find(({ what }) => what === "job, jobs/s");
    expect(rate?.ratio).toEqual({ median: 2, min: 2, max: 2 });
    expect(compared.find(({ what }) => what === "job: commits a job")?.ratio.median).toBe(1);
  });
});
