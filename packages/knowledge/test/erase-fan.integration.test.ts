import { expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { createUnknownCall, eventually } from "@understudy/testkit";
import { JobDatabase, time } from "../../jobs/test/job-database.ts";
import { rememberSteps } from "../../ledger/test/remember-steps.ts";
import { waitingForLocks } from "../../ledger/test/running-jobs.ts";
import { type CancelledJob, eraseFan, type FanJob, recordFeedback, rememberFan } from "../src/index.ts";

const jobs = await JobDatabase.open();

/** An insight of a fan, as an agent shares it. */
const insight = (fanId: string) => ({
  id: newId("ins"),
  scope: "creator" as const,
  fanId,
  type: "fan_interest",
  confidence: 0.5,
  text: "likes tea",
  data: {},
});

/** Has a fan two jobs completed, one running and one queued, with all that can be known of one. */
async function meet(fanId: string): Promise<string[]> {
  const of = { fanId, input: { fanId, message: "hi" } };
  const ids = [await jobs.job(of), await jobs.job(of), await jobs.job(of), await jobs.job(of)];
  for (const [index, jobId] of ids.slice(0, 3).entries()) {
    const step = { jobId, attempt: (await jobs.claim(jobId)).attempt, agentId: "x", result: {} };
    await rememberSteps(jobs.database, [
      { ...step, key: "a", insight: insight(fanId) },
      { ...step, key: "b" },
    ]);
    await rememberFan(jobs.database, { ...step, fanId, summary: "They met.", through: time(index) });
  }
  for (const jobId of ids.slice(0, 2)) {
    await jobs.finish(jobId, { status: "completed", result: { response: "Hey you!" } });
    await recordFeedback(jobs.database, jobId, { outcome: "sent" });
  }
  const { scope: _, ...row } = insight(fanId);
  for (const id of [newId("ins"), newId("ins")]) {
    await jobs.database.prisma.insight.create({ data: { ...row, id, creatorId: "psy", source: "x" } });
  }
  return ids;
}

/** How much there is of a fan, wherever. */
async function known(fanId: string, jobIds: string[]): Promise<number[]> {
  const { prisma } = jobs.database;
  const jobId = { in: jobIds };
  return [
    await prisma.job.count({ where: { fanId } }),
    await prisma.step.count({ where: { jobId } }),
    await prisma.insight.count({ where: { OR: [{ fanId }, { jobId }] } }),
    await prisma.feedback.count({ where: { jobId } }),
    await prisma.fanMemory.count({ where: { fanId } }),
  ];
}

it("says how much of everything it erased, and leaves all of another fan", async () => {
  const [anna, bert] = [await meet("anna"), await meet("bert")];
  expect(await known("anna", anna)).toEqual([4, 6, 7, 2, 1]);
  const before = await known("bert", bert);
  const fan = { creatorId: "psy", fanId: "anna" };

  const told: CancelledJob[][] = [];
  const streams: FanJob[][] = [];
  const elsewhere = {
    cancelled: async (ended: readonly CancelledJob[]) => void told.push([...ended]),
    streams: async (erasing: readonly FanJob[]) => streams.push([...erasing]) + 2,
  };
  expect(await eraseFan(jobs.database, fan, elsewhere)).toEqual({
    ...fan,
    jobs: 4,
    cancelled: 2,
    steps: 6,
    insights: 7,
    feedback: 2,
    events: 4,
    streams: 3,
    memory: true,
  });
  expect(told.map((ended) => ended.map(({ id }) => id).sort())).toEqual([anna.slice(2).sort(), []]);
  expect(streams.map((erasing) => erasing.map(({ id }) => id).sort())).toEqual([[...anna].sort()]);
  expect(await known("anna", anna)).toEqual([0, 0, 0, 0, 0]);
  expect(await known("bert", bert)).toEqual(before);

  const nothing = { jobs: 0, cancelled: 0, steps: 0, insights: 0, feedback: 0, events: 0, streams: 0 };
  expect(await eraseFan(jobs.database, fan, elsewhere)).toEqual({ ...fan, ...nothing, memory: false });
});

it("erases what the provider said of the fan's calls, and leaves what they cost", async () => {
  const { prisma } = jobs.database;
  const words = { providerMessage: "Not for Anna.", providerWords: { requestId: "r" } };
  const said = await Promise.all(
    ["emma", "fred"].map(async (fanId) => {
      const id = await createUnknownCall(jobs.database, { creatorId: "psy", holdUsd: "0.5" });
      const { jobId } = await prisma.usageLog.update({ where: { id }, data: words });
      await prisma.job.update({ where: { id: jobId }, data: { fanId } });
      return id;
    }),
  );
  const elsewhere = { cancelled: async () => {}, streams: async () => 0 };
  await eraseFan(jobs.database, { creatorId: "psy", fanId: "emma" }, elsewhere);
  const read = await Promise.all(said.map((id) => prisma.usageLog.findUniqueOrThrow({ where: { id } })));
  expect(read).toMatchObject([{ providerMessage: null, providerWords: null, status: "unknown" }, words]);
});

it("locks calls in the order of their ids, as all that changes several does", async () => {
  const { prisma } = jobs.database;
  const made = [0, 1].map(() => createUnknownCall(jobs.database, { creatorId: "psy", holdUsd: "0.5" }));
  const [first = "", second = ""] = (await Promise.all(made)).toSorted();
  // As they lie, the second comes first.
  for (const id of [second, first]) {
    const { jobId } = await prisma.usageLog.update({
      where: { id },
      data: { providerMessage: "Not for Ida." },
    });
    await prisma.job.update({ where: { id: jobId }, data: { fanId: "ida" } });
  }
  const elsewhere = { cancelled: async () => {}, streams: async () => 0 };
  const { ended } = await prisma.$transaction(async (other) => {
    await other.$executeRaw`SELECT FROM "UsageLog" WHERE "id" = ${first} FOR UPDATE`;
    const erasing = eraseFan(jobs.database, { creatorId: "psy", fanId: "ida" }, elsewhere);
    await eventually(async () => expect(await waitingForLocks(jobs.database)).toBe(1));
    await other.$executeRaw`SELECT FROM "UsageLog" WHERE "id" = ${second} FOR UPDATE NOWAIT`;
    return { ended: erasing };
  });
  expect(await ended).toMatchObject({ jobs: 2 });
});

it("erases what is known of a fan who has no job", async () => {
  const { scope: _, ...row } = insight("carl");
  await jobs.database.prisma.insight.create({ data: { ...row, creatorId: "psy", source: "x" } });
  const elsewhere = { cancelled: async () => {}, streams: async () => 5 };
  expect(await eraseFan(jobs.database, { creatorId: "psy", fanId: "carl" }, elsewhere)).toMatchObject({
    jobs: 0,
    insights: 1,
    streams: 0,
    memory: false,
  });
});

it("fails where a statement does not say what it erased", async () => {
  await jobs.job({ fanId: "dora" });
  const fan = { creatorId: "psy", fanId: "dora" };
  const elsewhere = { cancelled: async () => {}, streams: async () => 0 };
  const silent: typeof jobs.database.execute = async () => [];
  await expect(eraseFan({ ...jobs.database, execute: silent }, fan, elsewhere)).rejects.toThrow(
    "erase-fan.sql has no row",
  );
  const transaction: typeof jobs.database.transaction = (run) => run(silent);
  await expect(eraseFan({ ...jobs.database, transaction }, fan, elsewhere)).rejects.toThrow(
    "erase-jobs.sql has no row",
  );
});
