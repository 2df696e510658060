import { describe, expect, it } from "@jest/globals";
import type { NewInsight } from "@understudy/agents";
import type { CreatorProfile } from "@understudy/contracts";
import { claim, database, fact, newJob, query, toolsFor, toolsOf } from "./knowledge-run.ts";

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
