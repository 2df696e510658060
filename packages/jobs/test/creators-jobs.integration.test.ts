import { beforeAll, describe, expect, it } from "@jest/globals";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { type FailedJobs, type JobFilter, listJobs, retryJobs } from "../src/index.ts";

const { database } = await openSuiteDatabase(4);

const creators = ["psy", "rihanna", "eminem"];

/** Each creator has a job that was completed and one that has failed, of a fan of the same name, for the same reason. */
beforeAll(async () => {
  await database.prisma.creator.createMany({ data: creators.map((id) => ({ id })) });
  const common = { agent: "test", feature: "f", model: "m", input: {}, fanId: "fan_1", attempt: 1 };
  const failure = { errorCode: "provider_refused", errorMessage: "A zebra.", errorRetryable: true };
  const ends = { startedAt: new Date(), finishedAt: new Date() };
  for (const creatorId of creators) {
    const done = { id: `job_${creatorId}0done`, status: "completed", result: {} } as const;
    const failed = { id: `job_${creatorId}0failed`, status: "failed", ...failure } as const;
    await database.prisma.job.create({ data: { ...common, ...ends, ...done, creatorId } });
    await database.prisma.job.create({ data: { ...common, ...ends, ...failed, creatorId } });
  }
});

const jobsOf = (...ids: string[]) => ids.flatMap((id) => [`job_${id}0done`, `job_${id}0failed`]).sort();
const failedOf = (...ids: string[]) => ids.map((id) => `job_${id}0failed`).sort();

/** So many creators that it is quicker to read all jobs on than those of each. */
const many = ["psy", "eminem", ...Array.from({ length: 99 }, (_, n) => `nobody_${n}`)];

describe("jobs of some creators", () => {
  const listed = async (filter: JobFilter) =>
    (await listJobs(database, filter, undefined, 50)).map(({ id }) => id).sort();

  it.each([
    ["none", []],
    ["one", ["psy"]],
    ["two", ["psy", "eminem"]],
    ["a hundred", many.slice(0, 100)],
    ["a hundred and one", many],
  ])("are listed without others', of %s", async (_count, creatorIds) => {
    const visible = creators.filter((id) => creatorIds.includes(id));
    expect(await listed({ creatorIds })).toEqual(jobsOf(...visible));
    expect(await listed({ creatorIds, status: "failed" })).toEqual(failedOf(...visible));
    for (const creatorId of creators) {
      expect(await listed({ creatorIds, creatorId })).toEqual(
        visible.includes(creatorId) ? jobsOf(creatorId) : [],
      );
      expect(await listed({ creatorIds, q: `job_${creatorId}0done` })).toEqual(
        visible.includes(creatorId) ? [`job_${creatorId}0done`] : [],
      );
      expect(await listed({ creatorIds, q: creatorId.slice(0, 2) })).toEqual(
        visible.includes(creatorId) ? jobsOf(creatorId) : [],
      );
    }
    expect(await listed({ creatorIds, q: "fan_1" })).toEqual(jobsOf(...visible));
    expect(await listed({ creatorIds, q: "zebra" })).toEqual(failedOf(...visible));
  });

  it("are all where no creators are named", async () => {
    expect(await listed({})).toEqual(jobsOf(...creators));
    expect(await listed({ q: "fan_1" })).toEqual(jobsOf(...creators));
  });

  it("are tried again without others', whatever is asked for beside", async () => {
    const retried = async (which: FailedJobs) =>
      (await retryJobs(database, which, 10)).jobs.map(({ id }) => id).sort();
    expect(await retried({ creatorIds: [] })).toEqual([]);
    expect(await retried({ creatorIds: ["psy"], creatorId: "eminem" })).toEqual([]);
    expect(await retried({ creatorIds: ["psy"], id: "job_eminem0failed" })).toEqual([]);
    expect(await retried({ creatorIds: ["psy", "nobody"], code: "provider_refused" })).toEqual(
      failedOf("psy"),
    );
    expect(await retried({})).toEqual(failedOf("eminem", "rihanna"));
  });
});
