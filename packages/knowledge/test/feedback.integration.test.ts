import { describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import type { NewJob } from "@understudy/jobs";
import { JobDatabase } from "../../jobs/test/job-database.ts";
import { eraseFan, recordFeedback } from "../src/index.ts";

const jobs = await JobDatabase.open();

/** @returns the id of a job that was completed with a result */
async function completed(result: object, over: Partial<NewJob> = {}): Promise<string> {
  const id = await jobs.job({ fanId: "f", input: { fanId: "f", message: "hi" }, ...over });
  await jobs.claim(id);
  await jobs.finish(id, { status: "completed", result });
  return id;
}

/** What a job has taught, as an example of style. */
function examplesOf(jobId: string) {
  return jobs.database.prisma.insight.findMany({
    where: { jobId },
    select: {
      creatorId: true,
      fanId: true,
      source: true,
      type: true,
      confidence: true,
      text: true,
      data: true,
    },
  });
}

describe("feedback on a job's result", () => {
  it("is written down, and teaches how the creator sounds", async () => {
    const id = await completed({ response: "Hey you!" });
    expect(await recordFeedback(jobs.database, id, { outcome: "sent" })).toEqual({ kind: "recorded" });
    expect(await jobs.database.prisma.feedback.findMany({ where: { jobId: id } })).toMatchObject([
      { outcome: "sent", text: null, amountUsd: null },
    ]);
    expect(await examplesOf(id)).toEqual([
      {
        creatorId: "psy",
        fanId: null,
        source: "feedback",
        type: "style_example",
        confidence: 0.7,
        text: "Hey you!",
        data: { reply: "Hey you!" },
      },
    ]);
  });

  it("keeps what was really sent, and what the fan paid", async () => {
    const id = await completed({ response: "Hey you!" });
    await recordFeedback(jobs.database, id, { outcome: "converted", text: "Hello!", amountUsd: "9.99" });
    const [row] = await jobs.database.prisma.feedback.findMany({ where: { jobId: id } });
    expect([row?.outcome, row?.text, String(row?.amountUsd)]).toEqual(["converted", "Hello!", "9.99"]);
  });

  it.each([
    ["sent", 0.7],
    ["edited", 0.9],
    ["converted", 0.95],
  ] as const)("%s makes one sure of the example by %d", async (outcome, confidence) => {
    const id = await completed({ response: "Hey you!" });
    await recordFeedback(jobs.database, id, { outcome });
    expect(await examplesOf(id)).toMatchObject([{ confidence }]);
  });

  it.each([
    ["what was really sent", { response: "b", message: "c" }, "A word", "A word"],
    ["else the reply", { response: "b", message: "c" }, undefined, "b"],
    ["else the offer", { response: null, message: "c" }, undefined, "c"],
    ["else the offer of a result without a reply", { message: "c" }, undefined, "c"],
    ["no reply that is no text", { response: 5, message: "c" }, undefined, "c"],
  ])("teaches %s", async (_name, result, text, expected) => {
    const id = await completed(result);
    await recordFeedback(jobs.database, id, { outcome: "sent", ...(text !== undefined && { text }) });
    expect((await examplesOf(id)).map((example) => example.text)).toEqual([expected]);
  });

  it.each([
    ["of a result without words", { caption: "c" }, {}],
    ["of words in which nothing is left", { response: "f f" }, {}],
    ["of a job that answers nobody", { message: "c" }, { fanId: undefined, input: { prompt: "hi" } }],
  ])("teaches nothing %s", async (_name, result, over) => {
    const id = await completed(result, over as Partial<NewJob>);
    expect(await recordFeedback(jobs.database, id, { outcome: "sent" })).toEqual({ kind: "recorded" });
    expect(await examplesOf(id)).toEqual([]);
  });

  it("teaches nothing of what was rejected, and forgets what it taught before", async () => {
    const id = await completed({ response: "Hey you!" });
    await recordFeedback(jobs.database, id, { outcome: "sent" });
    expect(await examplesOf(id)).toHaveLength(1);
    await recordFeedback(jobs.database, id, { outcome: "rejected", text: "No!" });
    expect(await examplesOf(id)).toEqual([]);
    expect(await jobs.database.prisma.feedback.findMany({ where: { jobId: id } })).toMatchObject([
      { outcome: "rejected", text: "No!" },
    ]);
  });

  it("leaves out what the fan told, and keeps what the creator says of themself", async () => {
    await jobs.job({ creatorId: "named" });
    await jobs.database.prisma.creator.update({
      where: { id: "named" },
      data: { profile: { displayName: "Mia" } },
    });
    const input = { fanId: "f", message: "Hi Mia, it is me, Jonas" };
    const id = await completed({ response: "Hey Jonas, love, Mia" }, { creatorId: "named", input });
    await recordFeedback(jobs.database, id, { outcome: "sent" });
    expect((await examplesOf(id)).map(({ text }) => text)).toEqual(["Hey […], love, Mia"]);
  });

  it("judges the insights that were used, and no others", async () => {
    const [used, unused] = [newId("ins"), newId("ins")];
    for (const id of [used, unused]) {
      await jobs.database.prisma.insight.create({
        data: { id, creatorId: "psy", source: "x", type: "t", confidence: 1, text: "t" },
      });
    }
    const id = await completed({ response: "Hey you!", insightsUsed: [used, "ins_gone"] });
    await recordFeedback(jobs.database, id, { outcome: "edited" });
    const outcomes = await jobs.database.prisma.insightOutcome.findMany({ where: { jobId: id } });
    expect(outcomes).toMatchObject([{ insightId: used, outcome: "edited" }]);
  });
});

describe("feedback that comes too early, or too late", () => {
  it("is refused where there is no such job", async () => {
    const record = await recordFeedback(jobs.database, "job_none", { outcome: "sent" });
    expect(record).toEqual({ kind: "no_such_job" });
  });

  it("is refused where the job is not completed, and says how it stands", async () => {
    const id = await jobs.job({ fanId: "f" });
    const record = () => recordFeedback(jobs.database, id, { outcome: "sent" });
    expect(await record()).toEqual({ kind: "not_completed", status: "queued" });
    await jobs.claim(id);
    expect(await record()).toEqual({ kind: "not_completed", status: "running" });
    await jobs.finish(id, { status: "failed" });
    expect(await record()).toEqual({ kind: "not_completed", status: "failed" });
    expect(await jobs.database.prisma.feedback.count({ where: { jobId: id } })).toBe(0);
  });

  const nothingElsewhere = { cancelled: async () => {}, streams: async () => 0 };

  it("is refused where the fan was erased, were it only just now", async () => {
    const erase = () => eraseFan(jobs.database, { creatorId: "psy", fanId: "gone" }, nothingElsewhere);
    const before = await completed({ response: "Hey you!" }, { fanId: "gone" });
    await erase();
    expect(await recordFeedback(jobs.database, before, { outcome: "sent" })).toEqual({ kind: "erased" });

    const meanwhile = await completed({ response: "Hey you!" }, { fanId: "gone" });
    const execute: typeof jobs.database.execute = async (statement, items) => {
      await erase();
      return jobs.database.execute(statement, items);
    };
    const record = await recordFeedback({ ...jobs.database, execute }, meanwhile, { outcome: "sent" });
    expect(record).toEqual({ kind: "erased" });
    expect(await examplesOf(meanwhile)).toEqual([]);
  });
});
