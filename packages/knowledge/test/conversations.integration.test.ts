import { expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { claimJobs, type NewJob } from "@understudy/jobs";
import { newClaim } from "@understudy/testkit";
import { JobDatabase, time } from "../../jobs/test/job-database.ts";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import { conversationsBefore, rememberFan } from "../src/index.ts";

const jobs = await JobDatabase.open();

/** @returns the id of a message that came so many seconds after noon, and was answered */
async function answered(seconds: number, message: string, fanId: string, over: Partial<NewJob> = {}) {
  await jobs.at(seconds);
  const id = await jobs.job({ agent: "chat", fanId, input: { fanId, message }, ...over });
  await jobs.claim(id);
  await jobs.finish(id, { status: "completed", result: { response: `re: ${message}` } });
  return id;
}

async function asks(
  seconds: number,
  fanId: string,
): Promise<{ jobId: string; creatorId: string; fanId: string }> {
  await jobs.at(seconds);
  return { jobId: await jobs.job({ agent: "chat", fanId }), creatorId: "psy", fanId };
}

it("tells each reader what was said before, the latest first, and of nobody else", async () => {
  await answered(1, "one", "anna");
  await answered(2, "two", "anna");
  await answered(3, "three", "bert");
  await answered(4, "other creator's", "anna", { creatorId: "other" });
  const readers = [await asks(5, "anna"), await asks(5, "nobody"), await asks(5, "bert")];
  const conversations = await conversationsBefore(jobs.database, readers);
  const said = conversations.map(({ exchanges }) => exchanges.map(({ message, reply }) => [message, reply]));
  expect(said).toEqual([
    [
      ["two", "re: two"],
      ["one", "re: one"],
    ],
    [],
    [["three", "re: three"]],
  ]);
  for (const conversation of conversations) expect(conversation).not.toHaveProperty("summary");
  expect(await conversationsBefore(jobs.database, [])).toEqual([]);
});

it("tells the summary, and of what it tells nothing again", async () => {
  const first = await answered(1, "one", "carl");
  const second = await answered(2, "two", "carl");
  const reader = await asks(3, "carl");
  const { attempt } = await jobs.claim(reader.jobId);
  const summary = { jobId: reader.jobId, attempt, fanId: "carl", summary: "They met.", through: time(1) };
  await rememberFan(jobs.database, summary);
  const [told] = await conversationsBefore(jobs.database, [reader]);
  expect(told).toMatchObject({ summary: "They met.", exchanges: [{ id: second, message: "two" }] });

  // Unless those very jobs are asked for.
  const [again] = await conversationsBefore(jobs.database, [{ ...reader, ids: [first] }]);
  expect(again?.exchanges.map(({ id }) => id)).toEqual([first]);

  // A later summary replaces it, an earlier one does not.
  await rememberFan(jobs.database, { ...summary, summary: "Later.", through: time(2) });
  await rememberFan(jobs.database, { ...summary, summary: "Earlier.", through: time(1) });
  expect(await conversationsBefore(jobs.database, [reader])).toEqual([{ summary: "Later.", exchanges: [] }]);
});

it("reads the latest hundred jobs of a conversation, and of one time in their own order", async () => {
  const job = { agent: "chat", fanId: "dora", input: { fanId: "dora", message: "hi" } };
  await jobs.at(1);
  const records = await jobs.create(
    Array(101)
      .fill(job)
      .map((like) => ({ ...like, id: newId("job") })),
  );
  const ids = records.map(({ id }) => id).sort();
  await claimJobs(
    jobs.database,
    ids.map((id) => newClaim(id)),
  );
  const end = { attempt: 1, status: "completed" as const, result: { response: "hey" } };
  await endJobs(
    jobs.database,
    ids.map((id) => ({ ...end, id, eventId: newId("evt") })),
  );
  const [told] = await conversationsBefore(jobs.database, [await asks(2, "dora")]);
  expect(told?.exchanges.map(({ id }) => id)).toEqual(ids.slice(1).reverse());
});
