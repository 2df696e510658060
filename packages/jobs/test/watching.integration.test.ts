import { beforeEach, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { cancelJob, stoppedAttempts } from "../src/index.ts";
import { JobDatabase } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

it("attempts whose jobs were cancelled or taken over are found among those that are asked about, and no others", async () => {
  const names = ["cancelled", "taken", "again", "blamed", "running", "ended", "unasked"];
  const ids = new Map<string, string>();
  for (const name of names) {
    const id = await jobs.job();
    await jobs.claim(id);
    ids.set(name, id);
  }
  const idOf = (name: string) => ids.get(name) ?? "";
  for (const name of ["cancelled", "unasked"]) await cancelJob(database, idOf(name), newId("evt"));
  for (const name of ["taken", "again"]) await jobs.takeOver(idOf(name));
  await jobs.claim(idOf("again"));
  await jobs.finish(idOf("ended"));
  await jobs.finish(idOf("blamed"), { status: "failed" });
  const asked = names.slice(0, 6).map((name) => ({ id: idOf(name), attempt: 1 }));
  const found = await stoppedAttempts(database, [...asked, { id: newId("job"), attempt: 1 }]);
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  expect(found.toSorted(byId)).toEqual(
    [
      { id: idOf("cancelled"), isCancelled: true },
      { id: idOf("taken"), isCancelled: false },
      { id: idOf("again"), isCancelled: false },
      { id: idOf("blamed"), isCancelled: false },
    ].toSorted(byId),
  );
});
