import { beforeAll, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { cancelJob, type JobFilter, type JobPlace, listJobs } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();

/** Jobs by name, the newest first: `e` and `d` were accepted in the same millisecond, as were `c` and `b`. */
const all = ["job_h", "job_g", "job_f", "job_e", "job_d", "job_c", "job_b", "job_a"];

beforeAll(async () => {
  const accept = async (seconds: number, accepted: Parameters<JobDatabase["create"]>[0]) => {
    await jobs.at(seconds);
    await jobs.create(accepted);
  };
  await accept(0, [{ id: "job_a", creatorId: "mia" }]);
  await accept(1, [
    { id: "job_b", creatorId: "mia", fanId: "fan_1" },
    { id: "job_c", creatorId: "mia.bell", fanId: "fan_1" },
  ]);
  await accept(2, [
    { id: "job_d", creatorId: "ann", agent: "messaging" },
    { id: "job_e", creatorId: "mia", agent: "messaging", fanId: "fan_2" },
  ]);
  await accept(3, [{ id: "job_f", creatorId: "ann", fanId: "fan_1" }]);
  await accept(4, [{ id: "job_g", creatorId: "bob" }]);
  await accept(5, [{ id: "job_h", creatorId: "bob", fanId: "job_a" }]);
  const error = { errorCode: "timed_out", errorMessage: "The model's answer was lost (connection)." };
  for (const id of ["job_b", "job_e", "job_g"]) await jobs.claim(id);
  await jobs.finish("job_b", { status: "failed", ...error });
  await jobs.finish("job_g", { status: "failed", ...error });
  const refused = { errorCode: "safety", errorMessage: "The model refused to answer: SAFETY." };
  await jobs.finish("job_e", { status: "blocked", ...refused });
  await cancelJob(jobs.database, "job_f", newId("evt"));
});

async function listed(filter: JobFilter = {}, limit = 100, after?: JobPlace): Promise<string[]> {
  return (await listJobs(jobs.database, filter, after, limit)).map(({ id }) => id);
}

const names = (text: string) => [...text].map((name) => `job_${name}`);

/** Many creators: of so many the list is read in another way. */
const many = (count: number, ...ids: string[]) => [
  ...ids,
  ...Array.from({ length: count - ids.length }, (_, n) => `none_${n}`),
];

const at = (seconds: number) => time(seconds).toISOString();

const filters: [string, JobFilter, string][] = [
  ["of a creator", { creatorId: "mia" }, "eba"],
  ["of some creators", { creatorIds: ["mia", "bob"] }, "hgeba"],
  ["of a hundred creators", { creatorIds: many(100, "mia", "bob") }, "hgeba"],
  ["of more creators", { creatorIds: many(101, "mia", "bob") }, "hgeba"],
  ["of no creator", { creatorIds: [] }, ""],
  ["of one of some creators", { creatorIds: ["mia", "bob"], creatorId: "mia" }, "eba"],
  ["of a creator who is none of them", { creatorIds: ["mia", "bob"], creatorId: "ann" }, ""],
  ["of an agent", { agent: "messaging" }, "ed"],
  ["in a state", { status: "failed" }, "gb"],
  ["that wait", { status: "queued" }, "hdca"],
  ["from then on", { from: at(2) }, "hgfed"],
  ["until then, which is left out", { to: at(2) }, "cba"],
  ["for which all holds", { creatorId: "mia", agent: "test", status: "failed", from: at(1), to: at(2) }, "b"],
];

describe("a list of jobs", () => {
  it("has all of them, the newest first, in pages that go on behind the last", async () => {
    expect(await listed()).toEqual(all);
    const pages: string[][] = [];
    let after: JobPlace | undefined;
    do {
      const page = await listJobs(jobs.database, {}, after, 3);
      pages.push(page.map(({ id }) => id));
      after = page.at(-1);
    } while (pages.at(-1)?.length === 3);
    expect(pages).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6)]);
    expect((await listJobs(jobs.database, {}, undefined, 1))[0]?.createdAt).toEqual(time(5));
  });

  it.each(filters)("has those that are asked for: %s", async (_name, filter, expected) => {
    expect(await listed(filter)).toEqual(names(expected));
    expect(await listed(filter, 2)).toEqual(names(expected).slice(0, 2));
  });

  it("goes on behind the last one of some creators, too", async () => {
    const after = { id: "job_g", createdAt: time(4) };
    expect(await listed({ creatorIds: ["mia", "bob"] }, 2, after)).toEqual(names("eb"));
  });
});

const searches: [string, JobFilter, string][] = [
  ["a job's id", { q: "job_d" }, "d"],
  ["a part of a job's id", { q: "job_" }, ""],
  ["a fan's id, of whichever creator", { q: "fan_1" }, "fcb"],
  ["what is a job's id and a fan's", { q: "job_a" }, "ha"],
  ["the beginning of a creator's id", { q: "mia" }, "ecba"],
  ["the end of a creator's id", { q: "bell" }, ""],
  ["a word of an error", { q: "connection" }, "gb"],
  ["a word that is cut", { q: "model refu" }, "e"],
  ["an error's code", { q: "timed_out" }, "gb"],
  ["words that stand together nowhere", { q: "connection refused" }, ""],
  ["no word", { q: "…" }, ""],
];

const narrowed: [string, JobFilter, string][] = [
  ["a job's id", { q: "job_d", creatorIds: ["mia"] }, ""],
  ["a fan's id", { q: "fan_1", creatorIds: ["mia", "ann"] }, "fb"],
  ["a fan's id and a creator", { q: "fan_1", creatorId: "mia" }, "b"],
  ["the beginning of a creator's id", { q: "mia", status: "queued" }, "ca"],
  ["a word of an error", { q: "connection", creatorIds: many(101, "mia") }, "b"],
];

describe("a search for jobs", () => {
  it.each(searches)("finds %s", async (_name, filter, expected) => {
    expect(await listed(filter)).toEqual(names(expected));
  });

  it.each(narrowed)("keeps to what else is asked for: %s", async (_name, filter, expected) => {
    expect(await listed(filter)).toEqual(names(expected));
  });

  it.each([
    ["fan_1", "fc"],
    ["mia", "ec"],
    ["connection", "g"],
  ])("gives the newest of what it finds, so many at most: %s", async (q, expected) => {
    expect(await listed({ q }, expected.length)).toEqual(names(expected));
  });

  it("finds each job once, and goes on behind the last one", async () => {
    const after = { id: "job_e", createdAt: time(2) };
    expect(await listed({ q: "mia" }, 2, after)).toEqual(names("cb"));
    expect(await listed({ q: "connection" }, 2, after)).toEqual(names("b"));
    await jobs.at(6);
    await jobs.create([{ id: "job_i", creatorId: "job_i", fanId: "job_i" }]);
    expect(await listed({ q: "job_i" })).toEqual(["job_i"]);
  });
});
