import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { JobDatabase } from "../../../packages/jobs/test/job-database.ts";
import { QueuedInputs } from "../src/queued-inputs.ts";

const jobs = await JobDatabase.open();
const MiB = 1024 * 1024;

beforeEach(() => jobs.clear());

/** A job of the creator that waits, whose input is so large. */
async function waits(bytes: number): Promise<string> {
  const id = await jobs.job();
  await jobs.database.prisma.job.update({ where: { id }, data: { inputBytes: bytes } });
  return id;
}

const isFull = expect.objectContaining({ status: 429, code: "lane_full" });

/** How often Postgres is asked. */
function counting(): { database: Database; asked: () => number } {
  let asked = 0;
  const execute: Database["execute"] = (...question) => {
    asked++;
    return jobs.database.execute(...question);
  };
  return { database: { ...jobs.database, execute }, asked: () => asked };
}

describe("what a creator's jobs that wait take", () => {
  it("is bounded, whoever let them in, and has room again when they leave", async () => {
    const { database, asked } = counting();
    const inputs = new QueuedInputs(database);
    const big = await waits(200 * MiB);
    await inputs.refuse("psy", MiB);
    inputs.note("psy", 16 * MiB);
    expect(asked()).toBe(0);
    await waits(17 * MiB);
    inputs.note("psy", MiB);
    await eventually(() => expect(asked()).toBe(1));
    await eventually(() => expect(inputs.refuse("psy", 40 * MiB)).rejects.toEqual(isFull));
    await inputs.refuse("psy", 39 * MiB);
    await inputs.refuse("other", 200 * MiB);
    // While it is full it is looked at once a second.
    const before = asked();
    await Promise.all(Array.from({ length: 20 }, () => inputs.refuse("psy", 100 * MiB).catch(() => {})));
    expect(asked()).toBe(before);
    await jobs.claim(big);
    await eventually(() => inputs.refuse("psy", 100 * MiB));
  });

  it("counts what comes while it is looked at", async () => {
    const inputs = new QueuedInputs(jobs.database);
    await waits(100 * MiB);
    inputs.note("psy", 17 * MiB);
    inputs.note("psy", 157 * MiB);
    await eventually(() => expect(inputs.refuse("psy", 1)).rejects.toEqual(isFull));
  });

  it("is no reason to refuse where Postgres does not say", async () => {
    const execute = () => Promise.reject(new Error("away"));
    const inputs = new QueuedInputs({ execute } as unknown as Database);
    inputs.note("psy", 20 * MiB);
    await inputs.refuse("psy", 200 * MiB);
  });
});
