import { describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import type { FinishedStep } from "@understudy/ledger";
import { JobDatabase } from "../../jobs/test/job-database.ts";
import { rememberSteps } from "../../ledger/test/remember-steps.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

/** @returns what writes a step of a running job of its own */
async function running(): Promise<
  (key: string, result: object, over?: Partial<FinishedStep>) => FinishedStep
> {
  const jobId = await jobs.job({ fanId: "f" });
  const { attempt } = await jobs.claim(jobId);
  return (key, result, over = {}) => ({ jobId, attempt, key, agentId: "test_ai", result, ...over });
}

async function remembered({ jobId }: FinishedStep) {
  const steps = await database.prisma.step.findMany({ where: { jobId }, orderBy: { key: "asc" } });
  return steps.map(({ key, agentId, result }) => [key, agentId, result]);
}

describe("steps that are remembered", () => {
  it("are each job's own, and keep what was remembered of them first", async () => {
    const [one, two] = [await running(), await running()];
    await rememberSteps(database, [one("a", { n: 1 }), two("a", { n: 2 }), one("b", { n: 3 })]);
    await rememberSteps(database, [two("a", { n: 7 }), one("b", { n: 8 }), one("c", { n: 9 })]);
    expect(await remembered(one("a", {}))).toEqual([
      ["a", "test_ai", { n: 1 }],
      ["b", "test_ai", { n: 3 }],
      ["c", "test_ai", { n: 9 }],
    ]);
    expect(await remembered(two("a", {}))).toEqual([["a", "test_ai", { n: 2 }]]);
  });

  it("are none of an attempt that was fenced off, beside others", async () => {
    const [one, two] = [await running(), await running()];
    const late = one("a", { n: 1 }, { attempt: 0 });
    await rememberSteps(database, [late, two("a", { n: 2 })]);
    expect([await remembered(late), await remembered(two("a", {}))]).toEqual([
      [],
      [["a", "test_ai", { n: 2 }]],
    ]);
  });

  it("share their insights once, however often it is tried", async () => {
    const one = await running();
    const insight = (text: string, over: object = {}) => ({
      id: newId("ins"),
      scope: "creator" as const,
      type: "t",
      confidence: 0.5,
      text,
      data: {},
      ...over,
    });
    const steps = [
      one("a", {}, { insight: insight("own", { fanId: "f" }) }),
      one("b", {}, { insight: insight("all", { scope: "everyone" }) }),
      one("c", {}),
    ];
    await rememberSteps(database, steps);
    await rememberSteps(database, [one("a", {}, { insight: insight("again") })]);
    const shared = await database.prisma.insight.findMany({
      where: { jobId: String(steps[0]?.jobId) },
      orderBy: { stepKey: "asc" },
    });
    expect(shared).toMatchObject([
      { text: "own", creatorId: "psy", fanId: "f", source: "test_ai", stepKey: "a" },
      { text: "all", creatorId: null, fanId: null, source: "test_ai", stepKey: "b" },
    ]);
  });

  it("keep what another delivery commits while they wait", async () => {
    const one = await running();
    await jobs.during(
      (open) => rememberSteps(open, [one("a", { n: 1 })]),
      () => rememberSteps(database, [one("a", { n: 7 }), one("b", { n: 8 })]),
    );
    expect(await remembered(one("a", {}))).toEqual([
      ["a", "test_ai", { n: 1 }],
      ["b", "test_ai", { n: 8 }],
    ]);
  });
});
