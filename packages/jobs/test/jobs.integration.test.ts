import { describe, expect, it } from "@jest/globals";
import { applyMigrations, newId } from "@understudy/database";
import { eventually, newClaim } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import {
  claimJobs,
  createJobs,
  expireQueuedJobs,
  findRepeatedJobs,
  jobsToDispatch,
  markDispatched,
  queuedJobs,
} from "../src/index.ts";
import { plainJob } from "./job-database.ts";

const { url, database } = await openSuiteDatabase();

async function newJob(options: { expiresAt?: string; createCreator?: boolean; creatorId?: string } = {}) {
  const id = newId("job");
  const [record] = await createJobs(database, [{ ...plainJob(), ...options, id }]);
  return { id, record };
}

function claim(id: string, timeoutSeconds = 60, generation = 1) {
  return claimJobs(database, [newClaim(id, { generation, timeoutSeconds })]).then(([job]) => job);
}

async function finish(id: string, attempt: number) {
  return endJobs(database, [
    { id, attempt, status: "completed", result: { n: attempt }, eventId: newId("evt") },
  ]);
}

const row = (id: string) =>
  database.prisma.job.findUniqueOrThrow({ where: { id }, include: { outbox: true } });

describe("a job's life", () => {
  it("is created with its creator, claimed, finished, and told of once", async () => {
    const { id, record } = await newJob({ creatorId: newId("evt") });
    expect(record?.createdAt).toBeInstanceOf(Date);
    expect(await claim(id)).toMatchObject({
      id,
      attempt: 1,
      tries: 0,
      expired: false,
      input: { prompt: "hi" },
      steps: [],
    });
    expect(await finish(id, 1)).toEqual([true]);
    expect(await finish(id, 1)).toEqual([false]);
    expect(await row(id)).toMatchObject({
      status: "completed",
      result: { n: 1 },
      outbox: [{ type: "job.completed" }],
    });
    expect(await claim(id)).toBeUndefined();
  });

  it("is not created for an unknown creator where those are not created", async () => {
    const refused = await newJob({ creatorId: "nobody", createCreator: false });
    expect(refused.record).toMatchObject({ createdAt: null, isKnown: false });
    expect((await newJob({ creatorId: "psy" })).record?.createdAt).toBeInstanceOf(Date);
    expect((await newJob({ creatorId: "psy", createCreator: false })).record).toMatchObject({
      isKnown: true,
    });
  });

  it("is created once for an idempotency key, also by one statement and by several at once", async () => {
    const key = { ownerId: "admin", key: newId("evt") };
    const wish = () => ({ ...plainJob(), idempotency: { ...key, fingerprint: "f" } });
    const batches = Array.from({ length: 8 }, () => [wish(), plainJob(), wish()]);
    const records = (await Promise.all(batches.map((batch) => createJobs(database, batch)))).flat();
    const keyed = batches.flatMap(([one, , other]) => [one?.id, other?.id]);
    const written = records.filter((record) => record.createdAt !== null);
    expect(written).toHaveLength(8 + 1);
    const [first, ...others] = written.filter((record) => keyed.includes(record.id));
    expect(others).toEqual([]);
    expect(await findRepeatedJobs(database, [key, { ...key, ownerId: "another" }])).toMatchObject([
      { id: first?.id, fingerprint: "f", admission: null },
      undefined,
    ]);
  });

  it("is found for dispatch until it is noted as dispatched", async () => {
    const { id } = await newJob();
    const found = () => jobsToDispatch(database, 0, 100).then((jobs) => jobs.find((job) => job.id === id));
    await eventually(async () =>
      expect(await found()).toMatchObject({ agent: "test", generation: 1, notBefore: null }),
    );
    await markDispatched(database, [{ id, generation: 1 }]);
    expect(await found()).toBeUndefined();
    expect((await queuedJobs(database, "", 1000)).map((job) => job.id)).toContain(id);
    expect((await queuedJobs(database, id, 1000)).map((job) => job.id)).not.toContain(id);
  });

  it("expires where it has not started in time", async () => {
    const { id } = await newJob({ expiresAt: new Date(Date.now() - 1000).toISOString() });
    expect(await expireQueuedJobs(database, [newId("evt")])).toMatchObject([{ id, generation: 1 }]);
    expect(await row(id)).toMatchObject({
      status: "failed",
      errorCode: "expired",
      outbox: [{ type: "job.failed" }],
    });
  });

  it("keeps its terminal state, whoever writes", async () => {
    const { id } = await newJob();
    await claim(id);
    await finish(id, 1);
    const write = database.prisma.job.update({
      where: { id },
      data: { status: "queued", finishedAt: null, result: "DbNull" as never },
    });
    await expect(write).rejects.toThrow();
    expect((await row(id)).status).toBe("completed");
  });
});

describe("migrations", () => {
  it("are applied once, in turns, and noticed when edited", async () => {
    const [first, second] = await Promise.all([applyMigrations(url), applyMigrations(url)]);
    expect([first, second]).toEqual([[], []]);
    await database.prisma.$executeRawUnsafe(
      "UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name LIKE '%main_job'",
    );
    await expect(applyMigrations(url)).rejects.toThrow(/edited after it had been applied/);
  });
});
