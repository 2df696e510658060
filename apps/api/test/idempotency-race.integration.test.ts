import { expect, it } from "@jest/globals";
import { JobDatabase } from "../../../packages/jobs/test/job-database.ts";
import { ProblemError } from "../src/http/problem-error.ts";
import { RepeatedRequests } from "../src/idempotency.ts";

const jobs = await JobDatabase.open();

const noRoom = new ProblemError(402, "quota_exceeded", "There is no room.");
const key = (name: string) => ({ ownerId: "admin", key: name });

/** What another process does while this one judges the same request: it takes the last room. */
const acceptElsewhere = (name: string) => async (fingerprint: string) => {
  await jobs.job({ id: "job_first", idempotency: { ...key(name), fingerprint } });
  throw noRoom;
};

it("a repeat that finds no room, since the first request was committed meanwhile, gets that one's job", async () => {
  const repeats = new RepeatedRequests(jobs.database);
  const once = await repeats.once(key("same"), { prompt: "hi" }, acceptElsewhere("same"));
  expect(once).toMatchObject({ kind: "repeated", job: { id: "job_first" } });
});

it("who finds no room, and is nobody's repeat, is refused", async () => {
  const refused = new RepeatedRequests(jobs.database).once(key("other"), {}, () => Promise.reject(noRoom));
  await expect(refused).rejects.toBe(noRoom);
});
