import { beforeAll, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { type ClaimedJob, claimJobs, type NewJob } from "@understudy/jobs";
import { newClaim } from "@understudy/testkit";
import { JobDatabase, time } from "../../jobs/test/job-database.ts";
import {
  conversationAtClaim,
  conversationsBefore,
  type FirstReadsRow,
  findInsights,
  firstReadsItem,
  insightsAtClaim,
  rememberFan,
} from "../src/index.ts";

const jobs = await JobDatabase.open();
const firstReads = { recallsUnless: "history", insights: { about: "message", limit: 3 } };
const reads = firstReadsItem(firstReads);

async function learn(text: string, over: object = {}): Promise<void> {
  const plain = { creatorId: "mia", source: "chat_ai", type: "fan_interest", confidence: 0.8 };
  const data = { ...plain, id: newId("ins"), text, createdAt: time(0), ...over };
  await jobs.database.prisma.insight.create({ data });
}

interface FanJob extends Partial<NewJob> {
  creatorId: string;
  fanId: string;
}

const asking = (of: FanJob, input: object = {}) =>
  jobs.job({ agent: "chat", input: { fanId: of.fanId, message: "tea at the sea", ...input }, ...of });

async function answered(seconds: number, of: FanJob, message: string): Promise<void> {
  await jobs.at(seconds);
  const id = await asking(of, { message });
  await jobs.claim(id);
  await jobs.finish(id, { status: "completed", result: { response: `re: ${message}` } });
}

async function claimed(...ids: string[]): Promise<(ClaimedJob & FirstReadsRow)[]> {
  const found = await claimJobs(
    jobs.database,
    ids.map((id) => ({ ...newClaim(id), reads })),
  );
  return found as (ClaimedJob & FirstReadsRow)[];
}

beforeAll(async () => {
  const [anna, bert] = ["anna", "bert"].map((fanId) => ({ creatorId: "mia", fanId }));
  await answered(1, anna as FanJob, "one");
  await answered(2, anna as FanJob, "two");
  await answered(3, bert as FanJob, "bert's");
  await answered(4, { creatorId: "zoe", fanId: "anna" }, "zoe's");
  await learn("tea");
  await learn("sea and tea", { confidence: 0.25, data: { n: 0.1 } });
  await learn("tea for anna", { fanId: "anna" });
  await learn("tea for bert", { fanId: "bert" });
  await learn("tea at zoe's", { creatorId: "zoe" });
  await learn("hey you", { type: "style_example" });
});

it("gives each job of a batch what it would be told if it asked, and of nobody else", async () => {
  await jobs.at(10);
  const fans = [
    { creatorId: "mia", fanId: "anna" },
    { creatorId: "mia", fanId: "bert" },
    { creatorId: "zoe", fanId: "anna" },
    { creatorId: "mia", fanId: "new" },
    { creatorId: "nobody", fanId: "new" },
  ];
  const ids = [];
  for (const of of fans) ids.push(await asking(of));
  const found = await claimed(...ids);
  for (const [place, of] of fans.entries()) {
    const job = found[place] as ClaimedJob & FirstReadsRow;
    const [insights] = await findInsights(jobs.database, [{ ...of, about: "tea at the sea", limit: 3 }]);
    const [conversation] = await conversationsBefore(jobs.database, [{ jobId: job.id, ...of }]);
    expect(insightsAtClaim(job)).toEqual(insights);
    expect(conversationAtClaim(job)).toEqual(conversation);
  }
  const told = found.map((job) => [
    insightsAtClaim(job)?.map(({ text }) => text),
    conversationAtClaim(job)?.exchanges.map(({ message, reply }) => [message, reply]),
  ]);
  expect(told).toEqual([
    [
      expect.arrayContaining(["tea", "tea for anna", "sea and tea"]),
      [
        ["two", "re: two"],
        ["one", "re: one"],
      ],
    ],
    [expect.arrayContaining(["tea for bert"]), [["bert's", "re: bert's"]]],
    [["tea at zoe's"], [["zoe's", "re: zoe's"]]],
    [expect.not.arrayContaining(["tea for anna"]), []],
    [[], []],
  ]);
});

it("gives the summary of what was before", async () => {
  await jobs.at(20);
  const first = await asking({ creatorId: "mia", fanId: "anna" });
  const { attempt } = await jobs.claim(first);
  await rememberFan(jobs.database, {
    ...{ jobId: first, attempt, fanId: "anna" },
    ...{ summary: "They met.", through: time(1) },
  });
  const [job] = await claimed(await asking({ creatorId: "mia", fanId: "anna" }));
  expect(conversationAtClaim(job as FirstReadsRow)).toMatchObject({
    summary: "They met.",
    exchanges: [{ message: "two", createdAt: time(2) }],
  });
});

it("reads nothing that is not asked for", async () => {
  const of = { creatorId: "mia", fanId: "anna" };
  const [withHistory] = await claimed(await asking(of, { history: [] }));
  expect(withHistory).toMatchObject({ conversation: null, insights: [{}, {}, {}] });
  const [plain] = await claimJobs(jobs.database, [newClaim(await asking(of))]);
  expect(plain).toMatchObject({ conversation: null, insights: null });
  expect(insightsAtClaim(plain as FirstReadsRow)).toBeUndefined();
  expect(conversationAtClaim(plain as FirstReadsRow)).toBeUndefined();
  const [ofNoFan] = await claimed(await jobs.job({ creatorId: "mia", input: { message: "tea" } }));
  expect(ofNoFan).toMatchObject({ conversation: null, insights: [{ text: "tea" }, {}, {}] });
});

it("reads nothing for a job that has finished steps: they say what it has read", async () => {
  const id = await asking({ creatorId: "mia", fanId: "anna" });
  const step = { jobId: id, key: "recall", agentId: "chat_ai", result: { jobIds: [] } };
  await jobs.database.prisma.step.create({ data: step });
  expect((await claimed(id))[0]).toMatchObject({ conversation: null, insights: null, steps: [{}] });
});

it("does not look through what takes long", async () => {
  await jobs.job({ creatorId: "much" });
  for (let n = 0; n < 101; n++) await learn(`tea ${n}`, { creatorId: "much" });
  const of = { creatorId: "much", fanId: "f" };
  const [job] = await claimed(await asking(of));
  expect(job).toMatchObject({ conversation: { exchanges: [] }, insights: null });
  const [one] = await jobs.database.prisma.insight.findMany({ where: { creatorId: "much" }, take: 1 });
  await jobs.database.prisma.insight.delete({ where: { id: one?.id ?? "" } });
  expect((await claimed(await asking(of)))[0]?.insights).toHaveLength(3);
});
