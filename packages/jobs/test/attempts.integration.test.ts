import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { newClaim } from "@understudy/testkit";
import { cancelJob, claimJobs, expireQueuedJobs, presentJob, readJobs, retryJobs } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

/** As the app is told, and the fence. */
async function counted(id: string): Promise<[attempts: number, fence: number]> {
  const [row] = await readJobs(database, [id]);
  if (!row) throw new Error("The job is gone.");
  return [presentJob(row, "emulator", new Date()).attempts, row.attempt];
}

async function claimed(id: string) {
  const { attempt } = await jobs.claim(id);
  return attempt;
}

describe("the attempts that an app is told of", () => {
  it("are one, however often it is put off: for its provider, its worker or for room", async () => {
    const id = await jobs.job();
    expect(await counted(id)).toEqual([0, 0]);
    const waits = [
      { waitingFor: "provider", delayMs: 0 },
      { waitingFor: "worker", delayMs: 0 },
      { waitingFor: "quota", neededUsd: "1" },
      { waitingFor: "paused", neededUsd: "1" },
    ] as const;
    for (const [index, wait] of waits.entries()) {
      const attempt = await claimed(id);
      expect(await counted(id)).toEqual([1, index + 1]);
      await jobs.putOff(id, attempt, { ...wait, isTry: false });
      expect(await counted(id)).toEqual([1, index + 1]);
    }
    await claimed(id);
    expect(await counted(id)).toEqual([1, 5]);
    await jobs.finish(id);
    expect(await counted(id)).toEqual([1, 5]);
  });

  it("are one more for each that used up a try, or lost its worker, between others that did not", async () => {
    const id = await jobs.job();
    await jobs.putOff(id, await claimed(id));
    await jobs.putOff(id, await claimed(id), { isTry: true });
    expect(await counted(id)).toEqual([1, 2]);
    await jobs.putOff(id, await claimed(id));
    await claimed(id);
    expect(await counted(id)).toEqual([2, 4]);
    await jobs.takeOver(id);
    await claimed(id);
    expect(await counted(id)).toEqual([3, 5]);
  });

  it("are not one more for a claim that is repeated, as its answer was not heard", async () => {
    const id = await jobs.job();
    await jobs.putOff(id, await claimed(id));
    const { generation } = await jobs.row(id);
    const claim = newClaim(id, { generation });
    for (let times = 0; times < 2; times++) {
      expect(await claimJobs(database, [claim])).toMatchObject([{ attempt: 2 }]);
      expect(await counted(id)).toEqual([1, 2]);
    }
  });

  it("are not one more for a cancel, which raises the fence of one that runs", async () => {
    const [queued, running] = [await jobs.job(), await jobs.job()];
    await claimed(running);
    for (const id of [queued, running]) await cancelJob(database, id, newId("evt"));
    expect(await counted(queued)).toEqual([0, 0]);
    expect(await counted(running)).toEqual([1, 2]);
  });

  it("go on when it is retried: what had been put off before is over", async () => {
    const id = await jobs.job({ expiresAt: time(1).toISOString() });
    await jobs.putOff(id, await claimed(id), { waitingFor: "quota", neededUsd: "1", isTry: false });
    await jobs.at(2);
    expect(await expireQueuedJobs(database, [newId("evt")])).toMatchObject([{ id }]);
    await retryJobs(database, { id }, 1);
    expect(await counted(id)).toEqual([1, 1]);
    await claimed(id);
    expect(await counted(id)).toEqual([2, 2]);
  });
});
