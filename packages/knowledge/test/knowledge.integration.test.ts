import { expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { claimJobs, createJobs } from "@understudy/jobs";
import { eventually, newClaim } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import pg from "pg";
import { rememberSteps } from "../../ledger/test/remember-steps.ts";
import { eraseFan, type FanJob, rememberFan } from "../src/index.ts";

const { url, database } = await openSuiteDatabase();

async function newJobs(fanId: string, count: number, creatorId = "psy"): Promise<string[]> {
  const common = {
    agent: "messaging",
    feature: "f",
    model: "m",
    priority: 1,
    inputBytes: 2,
    requiredUsd: "0",
    createCreator: true,
  };
  const jobs = Array.from({ length: count }, () => ({
    ...common,
    id: newId("job"),
    creatorId,
    fanId,
    input: { fanId, message: "hi" },
  }));
  await createJobs(database, jobs);
  return jobs.map(({ id }) => id);
}

const nothingElsewhere = { cancelled: async () => {}, streams: async () => 0 };

it("erases thousands of jobs, another fan's and another creator's none", async () => {
  const jobs = await newJobs("many", 1_201);
  const others = [...(await newJobs("other", 2)), ...(await newJobs("many", 2, "other_creator"))];
  const [running] = await claimJobs(database, [newClaim(String(jobs[7]))]);
  expect(running?.attempt).toBe(1);
  const cancelled: string[] = [];
  const seen: FanJob[] = [];
  const erased = await eraseFan(
    database,
    { creatorId: "psy", fanId: "many" },
    {
      cancelled: async (ended) => {
        cancelled.push(...ended.map(({ id }) => id));
      },
      streams: async (erasing) => {
        seen.push(...erasing);
        return 1;
      },
    },
  );
  expect(erased).toMatchObject({ jobs: 1_201, cancelled: 1_201, events: 1_201, streams: 3 });
  expect(cancelled.sort()).toEqual(jobs.sort());
  expect(seen.map(({ id }) => id).sort()).toEqual(jobs);
  // Whoever runs it still has the number before.
  expect(seen.filter(({ wasRunning }) => wasRunning)).toEqual([
    { id: running?.id, attempt: 2, wasRunning: true },
  ]);
  const rows = await database.prisma.job.findMany({ where: { id: { in: others } } });
  expect(
    rows.filter(({ status, erasedAt, fanId }) => status === "queued" && !erasedAt && fanId),
  ).toHaveLength(4);
});

it("goes on where it stopped half-way", async () => {
  const [id] = await newJobs("half", 1);
  await claimJobs(database, [newClaim(String(id))]);
  const fan = { creatorId: "psy", fanId: "half" };
  const streams = () => Promise.reject(new Error("Redis is away"));
  await expect(eraseFan(database, fan, { ...nothingElsewhere, streams })).rejects.toThrow("Redis is away");
  const seen: FanJob[] = [];
  const again = await eraseFan(database, fan, {
    ...nothingElsewhere,
    streams: async (jobs) => {
      seen.push(...jobs);
      return 0;
    },
  });
  expect(again).toMatchObject({ jobs: 1, cancelled: 0 });
  expect(seen).toEqual([{ id, attempt: 2, wasRunning: true }]);
  expect(await eraseFan(database, fan, nothingElsewhere)).toMatchObject({ jobs: 0, events: 0 });
});

it("waits for a step that is being written, so that none comes after it", async () => {
  const [jobId] = await newJobs("racing", 1);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // What settles an answer has seen the job before it was cancelled, and has not committed.
    await client.query("BEGIN");
    await client.query(
      `INSERT INTO "Step" ("jobId", "key", "agentId", "result") VALUES ($1, 'draft', 'x', '"secret"')`,
      [jobId],
    );
    const erasing = eraseFan(database, { creatorId: "psy", fanId: "racing" }, nothingElsewhere);
    let isErased = false;
    void erasing.then(() => {
      isErased = true;
    });
    await eventually(async () => {
      const waiting = await database.prisma.$queryRaw<unknown[]>`
        SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      expect(isErased || waiting.length > 0).toBe(true);
    });
    await client.query("COMMIT");
    expect(await erasing).toMatchObject({ jobs: 1, steps: 1 });
    expect(await database.prisma.step.count({ where: { jobId: String(jobId) } })).toBe(0);
  } finally {
    await client.end();
  }
});

it("lets a fenced attempt remember nothing of the fan", async () => {
  const [id] = await newJobs("fenced", 1);
  const jobId = String(id);
  const [job] = await claimJobs(database, [newClaim(jobId)]);
  await eraseFan(database, { creatorId: "psy", fanId: "fenced" }, nothingElsewhere);
  const late = { jobId, attempt: Number(job?.attempt) };
  await rememberFan(database, { ...late, fanId: "fenced", summary: "late", through: new Date() });
  await rememberSteps(database, [{ ...late, key: "late", agentId: "x", result: {} }]);
  expect(await database.prisma.fanMemory.count()).toBe(0);
  expect(await database.prisma.step.count({ where: { jobId } })).toBe(0);
});
