import { describe, expect, it } from "@jest/globals";
import {
  claim,
  database,
  fact,
  knowledge,
  learn,
  newJob,
  query,
  toolsFor,
  toolsOf,
} from "./knowledge-run.ts";

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
