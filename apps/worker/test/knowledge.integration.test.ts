import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Agent, findAgent, type NewInsight, type Part } from "@understudy/agents";
import type { CreatorProfile } from "@understudy/contracts";
import { longerThanDeclared } from "@understudy/contracts";
import { newId, type Prisma } from "@understudy/database";
import { type ClaimedJob, claimJobs, createJobs } from "@understudy/jobs";
import { Ledger } from "@understudy/ledger";
import { createLogger } from "@understudy/service";
import { newClaim } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { endJobs } from "../../../packages/ledger/test/end-jobs.ts";
import { AttemptEnded } from "../src/attempt-end.ts";
import type { AskForText } from "../src/knowledge/knowledge-step.ts";
import { type KnowledgeStore, openKnowledgeStore } from "../src/knowledge/knowledge-store.ts";
import { type KnowledgeTools, knowledgeTools } from "../src/knowledge/knowledge-tools.ts";

/** The tools as agents have them, on a real Postgres; the API and the stack are in apps/api/test/knowledge.integration.test.ts. */

const { database } = await openSuiteDatabase();
let knowledge: KnowledgeStore;
const agent = findAgent("messaging") as Agent;
const logger = createLogger("test", "silent");

beforeAll(async () => {
  knowledge = openKnowledgeStore(database);
});

interface JobOf {
  creatorId: string;
  fanId: string;
  message?: string;
  agent?: string;
}

async function newJob({ creatorId, fanId, message = "hi", agent = "messaging" }: JobOf): Promise<string> {
  const id = newId("job");
  const common = {
    feature: "f",
    model: "m",
    priority: 1,
    inputBytes: 2,
    requiredUsd: "0",
    createCreator: true,
  };
  await createJobs(database, [{ ...common, id, agent, creatorId, fanId, input: { fanId, message } }]);
  return id;
}

/** Begins an attempt of a job; from one that runs it is taken over, as if its worker had died. */
async function claim(id: string): Promise<ClaimedJob> {
  await database.prisma.job.updateMany({
    where: { id, status: "running" },
    data: { status: "queued", generation: { increment: 1 } },
  });
  const { generation } = await database.prisma.job.findUniqueOrThrow({ where: { id } });
  const [job] = await claimJobs(database, [newClaim(id, { generation })]);
  if (!job) throw new Error(`${id} can't be claimed.`);
  return job;
}

function toolsOf(job: ClaimedJob, ask?: AskForText): KnowledgeTools {
  const used = new Set<string>();
  const takeKey = (name: string) => {
    if (used.has(name)) throw new Error(`${name} twice`);
    used.add(name);
    return name;
  };
  const { signal } = new AbortController();
  const ledger = new Ledger(database);
  const tools = knowledgeTools(
    { database, knowledge, ledger, job, claimedAt: performance.now(), signal, logger },
    agent,
    takeKey,
    ask,
  );
  const written = async <Result>(result: Promise<Result>): Promise<Result> => {
    await result;
    await ledger.close();
    return result;
  };
  // Each use is written at once, as if the attempt called a model after it.
  return {
    findInsights: (search) => written(tools.findInsights(search)),
    shareInsight: (insight) => written(tools.shareInsight(insight)),
    recall: (fanId) => written(tools.recall(fanId)),
  };
}

/** The tools of a new job of the creator and the fan. */
const toolsFor = async (of: JobOf, ask?: AskForText) => toolsOf(await claim(await newJob(of)), ask);

/** A job that has ended with a reply. */
async function exchange(of: JobOf, response: string | null): Promise<string> {
  const id = await newJob(of);
  const { attempt } = await claim(id);
  await endJobs(database, [
    { id, attempt, status: "completed", result: { response }, eventId: newId("evt") },
  ]);
  return id;
}

let insights = 0;
async function learn(
  creatorId: string | null,
  text: string,
  more: Partial<Prisma.InsightUncheckedCreateInput> & { daysAgo?: number } = {},
): Promise<string> {
  const { daysAgo = 0, ...fields } = more;
  if (creatorId !== null) {
    await database.prisma.creator.upsert({ where: { id: creatorId }, create: { id: creatorId }, update: {} });
  }
  const id = `ins_${++insights}`;
  const createdAt = new Date(Date.now() - daysAgo * 86_400_000);
  await database.prisma.insight.create({
    data: {
      id,
      creatorId,
      source: "test_ai",
      type: "fan_preference",
      confidence: 0.8,
      text,
      createdAt,
      ...fields,
    },
  });
  return id;
}

const query = { step: "find", limit: 10 };

describe("findInsights", () => {
  it("finds the same for many at once, and where very much is known", async () => {
    const few = { creatorId: "knows_few", fanId: "f" };
    const much = { creatorId: "knows_much", fanId: "f" };
    const known = await learn("knows_few", "likes opera");
    const best = await learn("knows_much", "likes opera", { confidence: 1 });
    for (let more = 0; more < 100; more++) await learn("knows_much", `opera ${more}`);
    const search = { about: "opera", limit: 1 };
    const found = await Promise.all(
      [few, much, { creatorId: "knows_none" }].map((of) => knowledge.findInsights({ ...of, ...search })),
    );
    expect(found.map((insights) => insights.map(({ id }) => id))).toEqual([[known], [best], []]);
  });

  it("ranks by the share of words that fit", async () => {
    const of = { creatorId: "relevance", fanId: "fan" };
    const one = await learn("relevance", "likes long walks in the rain");
    const both = await learn("relevance", "likes beach photos at sunset");
    await learn("relevance", "never answers on Mondays");
    const found = await (await toolsFor(of)).findInsights({ ...query, about: "Beach photos, or long ones?" });
    expect(found.map(({ id }) => id)).toEqual([both, one]);
  });

  it("lets a confidence fade by 0.8 in 30 days", async () => {
    const of = { creatorId: "decay", fanId: "fan" };
    const old = await learn("decay", "likes red roses", { daysAgo: 60, confidence: 0.9 });
    const recent = await learn("decay", "likes red roses", { daysAgo: 1, confidence: 0.6 });
    const found = await (await toolsFor(of)).findInsights({ ...query, about: "roses" });
    expect(found.map(({ id }) => id)).toEqual([recent, old]);
    expect(found[1]?.confidence).toBeCloseTo(0.9 * 0.8 ** 2, 4);
  });

  it("prefers what has done well, and puts back what was rejected, edited less", async () => {
    const of = { creatorId: "outcomes", fanId: "fan" };
    const ids = { sent: "", edited: "", rejected: "", unknown: "" };
    for (const outcome of ["rejected", "unknown", "edited", "sent"] as const) {
      ids[outcome] = await learn("outcomes", "asks about tour dates");
      for (let n = 0; n < 3 && outcome !== "unknown"; n++) {
        const jobId = await newJob(of);
        await database.prisma.insightOutcome.create({ data: { insightId: ids[outcome], jobId, outcome } });
      }
    }
    const found = await (await toolsFor(of)).findInsights({ ...query, about: "tour" });
    expect(found.map(({ id }) => id)).toEqual([ids.sent, ids.unknown, ids.edited, ids.rejected]);
  });

  it("finds style examples even where no word fits, and of the types asked for alone", async () => {
    const of = { creatorId: "style", fanId: "fan" };
    const example = await learn("style", "xoxo, Mia", { type: "style_example" });
    const fact = await learn("style", "buys bundles");
    const tools = await toolsFor(of);
    const ids = async (step: string, about: string, types?: string[]) =>
      (await tools.findInsights({ step, limit: 10, about, ...(types && { types }) })).map(({ id }) => id);
    expect(await ids("a", "something else")).toEqual([example]);
    expect((await ids("b", "bundles")).sort()).toEqual([example, fact].sort());
    expect(await ids("c", "bundles", ["fan_preference"])).toEqual([fact]);
    expect(await ids("d", "", ["price"])).toEqual([]);
  });

  it("never finds what has expired", async () => {
    await learn("expiry", "on holiday", { expiresAt: new Date(Date.now() - 1000) });
    const valid = await learn("expiry", "on holiday", { expiresAt: new Date(Date.now() + 60_000) });
    const tools = await toolsFor({ creatorId: "expiry", fanId: "fan" });
    expect((await tools.findInsights({ ...query, about: "holiday" })).map(({ id }) => id)).toEqual([valid]);
  });

  it.each([
    '\' | !! & <-> :* ( ) \\ \\\' " $$ ; DROP TABLE "Job"; --',
    "'foo' & 'bar' <2> !baz:*A",
    "\u202e\ud83d\ude00 \ufffd 你好 こんにちは مرحبا",
    "a".repeat(100_000),
    Array.from({ length: 20_000 }, (_, n) => `word${n}`).join(" "),
    "",
  ])("takes any text: %#", async (about) => {
    const tools = await toolsFor({ creatorId: "hostile", fanId: "fan" });
    await expect(tools.findInsights({ ...query, about })).resolves.toEqual([]);
  });

  it("matches words of every script", async () => {
    const id = await learn("scripts", "любит синий цвет 蓝色");
    for (const about of ["какой цвет?", "蓝色"]) {
      const tools = await toolsFor({ creatorId: "scripts", fanId: "fan" });
      expect((await tools.findInsights({ ...query, about })).map((found) => found.id)).toEqual([id]);
    }
  });

  it("finds what is of the creator, of the fan, and of all; nothing of another creator or another fan", async () => {
    const creators = ["iso_a", "iso_b", "iso_c"];
    const fans = ["fan_1", "fan_2", null];
    const visible = new Map<string, { creatorId: string | null; fanId: string | null }>();
    for (const type of ["fan_preference", "style_example"]) {
      for (const creatorId of creators) {
        for (const fanId of fans) {
          visible.set(await learn(creatorId, "shared words everywhere", { fanId, type }), {
            creatorId,
            fanId,
          });
        }
      }
    }
    visible.set(await learn(null, "shared words everywhere"), { creatorId: null, fanId: null });
    for (const creatorId of creators) {
      for (const fanId of ["fan_1", "fan_2", "fan_3"]) {
        for (const asksOfFan of [true, false]) {
          const tools = await toolsFor({ creatorId, fanId });
          const about = "shared words everywhere";
          const found = await tools.findInsights({ ...query, limit: 50, about, ...(asksOfFan && { fanId }) });
          const expected = [...visible].filter(
            ([, of]) =>
              (of.creatorId === null || of.creatorId === creatorId) &&
              (of.fanId === null || (asksOfFan && of.fanId === fanId)),
          );
          expect(found.map(({ id }) => id).sort()).toEqual(expected.map(([id]) => id).sort());
        }
      }
    }
  });

  it("refuses to ask or tell of a fan that is not the job's", async () => {
    const tools = await toolsFor({ creatorId: "own", fanId: "fan_1" });
    await expect(tools.findInsights({ ...query, about: "x", fanId: "fan_2" })).rejects.toThrow(
      "not its job's",
    );
    await expect(tools.shareInsight({ ...fact, fanId: "fan_2" })).rejects.toThrow("not its job's");
    await expect(tools.recall("fan_2")).rejects.toThrow("not its job's");
  });

  it("finds again what it found, without what is gone, and leaves no text in its step", async () => {
    const [kept, gone] = [await learn("again", "secretword here"), await learn("again", "secretword there")];
    const id = await newJob({ creatorId: "again", fanId: "fan" });
    const first = await toolsOf(await claim(id)).findInsights({ ...query, about: "secretword" });
    expect(first.map((found) => found.id).sort()).toEqual([kept, gone].sort());
    await learn("again", "secretword secretword secretword", { confidence: 1 });
    await database.prisma.insight.delete({ where: { id: gone } });
    const second = await toolsOf(await claim(id)).findInsights({ ...query, about: "secretword" });
    expect(second.map((found) => found.id)).toEqual([kept]);
    const [step] = await database.prisma.step.findMany({ where: { jobId: id } });
    expect(JSON.stringify(step)).not.toContain("secretword");
  });
});

const fact: NewInsight = {
  step: "share",
  type: "fan_preference",
  confidence: 0.7,
  text: "likes the sea",
  data: { topic: "sea" },
  scope: "creator",
};

describe("shareInsight", () => {
  const shared = (jobId: string) => database.prisma.insight.findMany({ where: { jobId } });

  it("shares once, however often the job runs", async () => {
    const id = await newJob({ creatorId: "once", fanId: "fan" });
    const insightIds = [];
    for (let run = 0; run < 3; run++) {
      insightIds.push(
        await toolsOf(await claim(id)).shareInsight({ ...fact, fanId: "fan", text: `run ${run}` }),
      );
    }
    const rows = await shared(id);
    expect(rows).toMatchObject([
      {
        creatorId: "once",
        fanId: "fan",
        stepKey: "share",
        source: "messaging_ai",
        text: "run 0",
        data: fact.data,
      },
    ]);
    expect(new Set(insightIds)).toEqual(new Set([rows[0]?.id]));
  });

  it("shares once where a later attempt had read its steps before the first wrote", async () => {
    const id = await newJob({ creatorId: "late", fanId: "fan" });
    const first = await claim(id);
    const firstId = await toolsOf(first).shareInsight(fact);
    const blind = { ...(await claim(id)), steps: [] };
    await toolsOf(blind).shareInsight(fact);
    expect((await shared(id)).map((insight) => insight.id)).toEqual([firstId]);
  });

  it("writes nothing for an attempt that was fenced off, or whose job has ended", async () => {
    const id = await newJob({ creatorId: "fenced", fanId: "fan" });
    const zombie = await claim(id);
    const owner = await claim(id);
    await toolsOf(zombie).shareInsight(fact);
    await toolsOf(zombie).findInsights({ ...query, about: "x" });
    await toolsOf(zombie).recall("fan");
    await database.prisma.job.update({
      where: { id },
      data: { status: "cancelled", finishedAt: new Date() },
    });
    await toolsOf(owner).shareInsight(fact);
    expect(await shared(id)).toEqual([]);
    expect(await database.prisma.step.count({ where: { jobId: id } })).toBe(0);
  });

  it("shares once when attempts race", async () => {
    const id = await newJob({ creatorId: "race", fanId: "fan" });
    const zombie = await claim(id);
    const owner = await claim(id);
    const ids = await Promise.all(
      [zombie, owner, zombie, owner, zombie, owner].map((job) => toolsOf(job).shareInsight(fact)),
    );
    const [one, ...others] = await shared(id);
    expect(others).toEqual([]);
    expect(ids.filter((_, n) => n % 2 === 1)).toContain(one?.id);
  });

  it("shares for everyone what has nothing personal in it", async () => {
    const tools = await toolsFor({ creatorId: "everyone", fanId: "fan_77" });
    const text = "A question in the first line brings 12% more replies between 18:00 and 21:00 (v2.5).";
    const id = await tools.shareInsight({
      ...fact,
      scope: "everyone",
      text,
      data: { lift: 0.123456789, posts: 120 },
    });
    const row = await database.prisma.insight.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ creatorId: null, fanId: null, text });
    const elsewhere = await toolsFor({ creatorId: "everyone_else", fanId: "fan" });
    const found = await elsewhere.findInsights({ ...query, about: "question in the first line" });
    expect(found.map((insight) => insight.id)).toEqual([id]);
  });

  it.each([
    ["an e-mail address", "write to jonas.k+fans@example.org"],
    ["a link", "see https://example.org/u/1"],
    ["a link", "more on mia.example.com/vip"],
    ["a link", "find me at t.me/jonas"],
    ["a handle", "follow @jonas_92 there"],
    ["a handle", "follow ＠jonas"],
    ["a telephone or other long number", "call +49 (170) 123-45 67"],
    ["a telephone or other long number", "call 0 1 7 0 1 2 3 4"],
    ["a telephone or other long number", "card 4111 1111 1111 1111"],
    ["a telephone or other long number", "number ０１７０１２３４５６"],
    ["a telephone or other long number", "number 017\u200b01234\u200b56"],
    ["the fan's id", "Fan_77 likes it"],
    ["the creator's id", "fans of psy-star like it"],
    ["the creator's name", "fans of mia BELL like it"],
  ])("refuses %s for everyone: %s", async (kind, text) => {
    const profile: CreatorProfile = { displayName: "Mia Bell" };
    const job = { ...(await claim(await newJob({ creatorId: "psy-star", fanId: "fan_77" }))), profile };
    const inText = { ...fact, scope: "everyone" as const, text };
    await expect(toolsOf(job).shareInsight(inText)).rejects.toThrow(kind);
    await expect(
      toolsOf(job).shareInsight({ ...inText, text: "ok", data: { list: [{ note: text }] } }),
    ).rejects.toThrow(kind);
    await expect(toolsOf(job).shareInsight({ ...inText, text: "ok", data: { [text]: 1 } })).rejects.toThrow(
      kind,
    );
    expect(await shared(job.id)).toEqual([]);
  });

  it("tells of no fan for everyone, and refuses what can't be stored", async () => {
    const tools = () => toolsFor({ creatorId: "refused", fanId: "fan" });
    const share = async (more: Partial<NewInsight>) => (await tools()).shareInsight({ ...fact, ...more });
    await expect(share({ scope: "everyone", fanId: "fan" })).rejects.toThrow("tells of no fan");
    for (const more of [{ confidence: 1.1 }, { text: " " }, { text: "a\0b" }, { type: "Not A Type" }]) {
      await expect(share(more)).rejects.toThrow();
    }
  });
});

describe("recall", () => {
  it("gives what was really said, the oldest first, before the job and of its fan alone", async () => {
    const of = { creatorId: "recall", fanId: "fan" };
    await exchange({ ...of, message: "first" }, "draft 1");
    const edited = await exchange({ ...of, message: "second" }, "draft 2");
    const rejected = await exchange({ ...of, message: "third", agent: "chat" }, "draft 3");
    await exchange({ ...of, message: "unanswered" }, null);
    await exchange({ ...of, message: "a test", agent: "test" }, "no reply");
    await exchange({ ...of, fanId: "other", message: "of another fan" }, "x");
    await exchange({ creatorId: "recall_2", fanId: "fan", message: "of another creator" }, "x");
    await newJob({ ...of, message: "still queued" });
    await database.prisma.feedback.createMany({
      data: [
        { jobId: edited, outcome: "edited", text: "what was sent" },
        { jobId: rejected, outcome: "rejected" },
      ],
    });
    const tools = await toolsFor(of);
    await exchange({ ...of, message: "later" }, "later");
    expect(await tools.recall("fan")).toEqual({
      turns: [
        { from: "fan", text: "first" },
        { from: "creator", text: "draft 1" },
        { from: "fan", text: "second" },
        { from: "creator", text: "what was sent" },
        { from: "fan", text: "third" },
        { from: "fan", text: "unanswered" },
      ],
    });
  });

  const long = (n: number) => `message ${n} ${"é".repeat(400)}`;

  async function longConversation(creatorId: string) {
    for (let n = 0; n < 12; n++) await exchange({ creatorId, fanId: "fan", message: long(n) }, `reply ${n}`);
    return newJob({ creatorId, fanId: "fan" });
  }

  it("keeps the latest turns, and sums up what was before them, once", async () => {
    const id = await longConversation("summary");
    const asked: (readonly Part[])[] = [];
    const generate: AskForText = async (_name, step, parts) => {
      expect(longerThanDeclared(step, parts)).toBeUndefined();
      asked.push(parts);
      return "The fan likes accents.";
    };
    const first = await toolsOf(await claim(id), generate).recall("fan");
    const said = first.turns.map(({ text }) => text);
    expect(said.at(-2)).toBe(long(11));
    expect(Buffer.byteLength(said.join(""))).toBeLessThanOrEqual(6_000);
    expect(first.summary).toBe("The fan likes accents.");
    expect(asked).toHaveLength(1);
    // All that is not among the turns was summed up, and nothing else.
    for (let n = 0; n < 12; n++) {
      expect(asked[0]?.join("").includes(`message ${n} `)).toBe(!said.includes(long(n)));
    }
    // A rerun sees the same, and does not ask again; nor does the next job, that has it in its memory.
    expect(await toolsOf(await claim(id), generate).recall("fan")).toEqual(first);
    const next = await toolsOf(
      await claim(await newJob({ creatorId: "summary", fanId: "fan" })),
      generate,
    ).recall("fan");
    expect(next).toEqual(first);
    expect(asked).toHaveLength(1);
  });

  it("goes without a summary that can't be made, but not on after the attempt", async () => {
    const id = await longConversation("no_summary");
    const failing: AskForText = () =>
      Promise.reject(
        new AttemptEnded({ kind: "failed", code: "unknown_model", message: "No.", retryable: false }),
      );
    const { summary, turns } = await toolsOf(await claim(id), failing).recall("fan");
    expect(summary).toBeUndefined();
    expect(turns.at(-2)?.text).toBe(long(11));
    const fenced: AskForText = () => Promise.reject(new AttemptEnded({ kind: "fenced" }));
    const again = await claim(await newJob({ creatorId: "no_summary", fanId: "fan" }));
    await expect(toolsOf(again, fenced).recall("fan")).rejects.toMatchObject({ end: { kind: "fenced" } });
  });
});
