import { describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { JobDatabase } from "../../jobs/test/job-database.ts";
import { type FinishedStep, rememberSteps } from "../src/index.ts";

const jobs = await JobDatabase.open();

/** @returns what writes a step of a running job of its own */
async function running(): Promise<
  (key: string, result: object, over?: Partial<FinishedStep>) => FinishedStep
> {
  const jobId = await jobs.job({ fanId: "f" });
  const { attempt } = await jobs.claim(jobId);
  return (key, result, over = {}) => ({ jobId, attempt, key, agentId: "test_ai", result, ...over });
}

/** The database, and how many statements it was asked to run. */
function counted(database: Database) {
  const count = { statements: 0, items: 0 };
  const execute: Database["execute"] = (statement, items = []) => {
    count.statements += 1;
    count.items += items.length;
    return database.execute(statement, items);
  };
  return { database: { ...database, execute }, count };
}

describe("rememberSteps", () => {
  it("gives each step what was remembered of it first, in the order of the steps", async () => {
    const [one, two] = [await running(), await running()];
    const { database, count } = counted(jobs.database);
    expect(
      await rememberSteps(database, [one("a", { n: 1 }), two("a", { n: 2 }), one("b", { n: 3 })]),
    ).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(
      await rememberSteps(database, [two("a", { n: 7 }), one("b", { n: 8 }), one("c", { n: 9 })]),
    ).toEqual([{ n: 2 }, { n: 3 }, { n: 9 }]);
    expect(count).toEqual({ statements: 2, items: 6 });
  });

  it("writes nothing of an attempt that was fenced off, beside others", async () => {
    const [one, two] = [await running(), await running()];
    const late = one("a", { n: 1 }, { attempt: 0 });
    expect(await rememberSteps(jobs.database, [late, two("a", { n: 2 })])).toEqual([undefined, { n: 2 }]);
    expect(await jobs.database.prisma.step.count({ where: { jobId: late.jobId } })).toBe(0);
  });

  it("shares a step's insight once, however often it is tried", async () => {
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
    ];
    await rememberSteps(jobs.database, steps);
    await rememberSteps(jobs.database, [one("a", {}, { insight: insight("again") })]);
    const shared = await jobs.database.prisma.insight.findMany({
      where: { jobId: String(steps[0]?.jobId) },
      orderBy: { stepKey: "asc" },
    });
    expect(shared).toMatchObject([
      { text: "own", creatorId: "psy", fanId: "f", source: "test_ai", stepKey: "a" },
      { text: "all", creatorId: null, fanId: null, source: "test_ai", stepKey: "b" },
    ]);
  });

  it("sees what another delivery commits while it waits, and asks again for that alone", async () => {
    const one = await running();
    const { database, count } = counted(jobs.database);
    const results = await jobs.during(
      (open) => rememberSteps(open, [one("a", { n: 1 })]),
      () => rememberSteps(database, [one("a", { n: 7 }), one("b", { n: 8 })]),
    );
    expect(results).toEqual([{ n: 1 }, { n: 8 }]);
    expect(count).toEqual({ statements: 2, items: 3 });
  });
});
