import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { loadStatement, newId } from "@understudy/database";
import { planStatement } from "@understudy/testkit";
import { JobDatabase, time } from "../../jobs/test/job-database.ts";
import { confidenceAt, findInsights, type InsightSearch, insightsAgain } from "../src/index.ts";

const findStatement = loadStatement(new URL("../src/find-insights.sql", import.meta.url));

const jobs = await JobDatabase.open();

beforeAll(async () => {
  for (const creatorId of ["mia", "zoe"]) await jobs.job({ creatorId });
});

beforeEach(async () => {
  await jobs.database.prisma.insight.deleteMany();
});

/** @returns the id of an insight about a text, by default of Mia and no fan in particular */
async function learn(text: string, over: object = {}): Promise<string> {
  const id = newId("ins");
  const plain = {
    creatorId: "mia",
    source: "chat_ai",
    type: "fan_interest",
    confidence: 0.8,
    createdAt: time(0),
  };
  await jobs.database.prisma.insight.create({ data: { ...plain, id, text, ...over } });
  return id;
}

type Search = Partial<Pick<InsightSearch, "types" | "limit">>;

async function found(about: string, over: Search = {}, fanId?: string): Promise<string[]> {
  const search = { creatorId: "mia", ...(fanId !== undefined && { fanId }), about, limit: 10, ...over };
  const [insights] = await findInsights(jobs.database, [search]);
  return (insights ?? []).map(({ text }) => text);
}

describe("findInsights: words", () => {
  it("finds what has any of them, what has more of them first", async () => {
    for (const text of ["photos of the sea", "sea and sunset photos", "music"]) await learn(text);
    expect(await found("Sunset, sea! photos?")).toEqual(["sea and sunset photos", "photos of the sea"]);
    expect(await found("nothing of it")).toEqual([]);
    expect(await found("")).toEqual([]);
  });

  it("finds them however large they are written", async () => {
    await learn("walks on the Straße");
    expect(await found("Straße")).toEqual(["walks on the Straße"]);
    expect(await found("straße")).toEqual(["walks on the Straße"]);
  });

  it("looks for none of one or two letters, where words are written apart", async () => {
    for (const text of ["go xy", "да", "tea"]) await learn(text);
    expect(await found("xy да tea")).toEqual(["tea"]);
  });

  it("looks for short ones where they are not", async () => {
    await learn("写真");
    expect(await found("写真")).toEqual(["写真"]);
  });

  it("looks for the first 64 characters of each", async () => {
    await learn("x".repeat(64));
    await learn("x".repeat(65));
    expect(await found("x".repeat(65))).toEqual(["x".repeat(64)]);
  });

  it("looks for the 32 longest, wherever they stand", async () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyzäöüßéè"].map((letter) => letter.repeat(5));
    for (const text of ["tea", "èèèèè"]) await learn(text);
    expect((await found(`tea ${letters.slice(1).join(" ")}`)).sort()).toEqual(["tea", "èèèèè"]);
    expect(await found(`tea ${letters.join(" ")}`)).toEqual(["èèèèè"]);
  });
});

describe("findInsights: whose", () => {
  it("never finds another creator's, nor another fan's", async () => {
    await learn("tea one");
    await learn("tea two", { creatorId: "zoe" });
    await learn("tea three", { creatorId: null });
    await learn("tea four", { fanId: "f" });
    await learn("tea five", { fanId: "g" });
    expect((await found("tea")).sort()).toEqual(["tea one", "tea three"]);
    expect((await found("tea", {}, "f")).sort()).toEqual(["tea four", "tea one", "tea three"]);
  });

  it("finds those of the wanted types alone, and as many as are wanted", async () => {
    await learn("tea one", { confidence: 0.1 });
    await learn("tea two", { confidence: 0.9 });
    await learn("tea three", { type: "mood" });
    expect(await found("tea", { types: ["fan_interest"] })).toEqual(["tea two", "tea one"]);
    expect(await found("tea", { types: ["mood", "other"] })).toEqual(["tea three"]);
    expect(await found("tea", { types: [] })).toEqual([]);
    expect(await found("tea", { limit: 1 })).toEqual(["tea two"]);
  });

  it("finds style examples whatever they are about, after what fits", async () => {
    await learn("hey you", { type: "style_example", confidence: 1 });
    await learn("tea", { confidence: 0.5 });
    await learn("coffee");
    expect(await found("tea")).toEqual(["tea", "hey you"]);
  });

  it("trusts what is old as much less as a confidence has decayed", async () => {
    const old = { confidence: 0.5, createdAt: time(-30 * 86_400) };
    const left = confidenceAt(old, time(0));
    await learn("tea old", old);
    await learn("tea less", { confidence: left - 0.001 });
    await learn("tea more", { confidence: left + 0.001 });
    expect(await found("tea")).toEqual(["tea more", "tea old", "tea less"]);
  });
});

describe("findInsights: together", () => {
  it("finds for each what it would find alone", async () => {
    const texts = ["sea photos", "sea and sunset photos", "tea with milk", "hey you", "music at the sea"];
    for (const [place, text] of texts.entries()) {
      await learn(text, {
        confidence: 0.4 + place / 10,
        type: text === "hey you" ? "style_example" : "mood",
      });
      await learn(`zoe's ${text}`, { creatorId: "zoe", createdAt: time(-place * 86_400) });
      await learn(`fan's ${text}`, { fanId: "f", confidence: 0.3 + place / 10 });
    }
    const abouts = ["sea photos", "tea", "nothing", "", "sunset music"];
    const searches = ["mia", "zoe", "nobody"].flatMap((creatorId) =>
      abouts.flatMap((about, place) => [
        { creatorId, about, limit: 10 },
        {
          creatorId,
          about,
          fanId: place % 2 ? "f" : "g",
          limit: 2 + place,
          types: ["mood", "style_example"],
        },
      ]),
    );
    const together = await findInsights(jobs.database, searches);
    for (const [number, search] of searches.entries()) {
      const [alone] = await findInsights(jobs.database, [search]);
      expect(together[number]).toEqual(alone);
    }
    expect(together.filter((found) => found && found.length > 0)).toHaveLength(13);
    expect(await findInsights(jobs.database, searches, 1_000)).toEqual(together);
    expect(await findInsights(jobs.database, [])).toEqual([]);
  });

  it("leaves out whoever knows more than is quick", async () => {
    for (const text of ["tea one", "tea two"]) await learn(text);
    await learn("tea three", { creatorId: "zoe" });
    await learn("tea four", { creatorId: null });
    const searches = ["mia", "zoe"].map((creatorId) => ({ creatorId, about: "tea", limit: 10 }));
    const lengths = async (knownMax?: number) =>
      (await findInsights(jobs.database, searches, knownMax)).map((found) => found?.length);
    expect(await lengths(3)).toEqual([3, 2]);
    expect(await lengths(2)).toEqual([undefined, 2]);
    expect(await lengths(1)).toEqual([undefined, undefined]);
    expect(await lengths()).toEqual([3, 2]);
    await jobs.database.prisma.insight.deleteMany({ where: { creatorId: null } });
    expect(await lengths(1)).toEqual([undefined, 1]);
  });

  it("looks at no word where nothing is known", async () => {
    const wordsLookedAt = async () => {
      const item = {
        number: 0,
        creatorId: "mia",
        about: "tea photos",
        limit: 10,
        matchesMax: 10,
        examplesMax: 10,
      };
      const planned = await planStatement(jobs.url, findStatement);
      const plan = await planned.run([item]);
      await planned.close();
      return plan.find((node) => node.of === "unnest")?.rows;
    };
    await learn("tea", { creatorId: "zoe" });
    expect(await wordsLookedAt()).toBe(0);
    await learn("tea", { creatorId: null });
    expect(await wordsLookedAt()).toBe(2);
  });
});

describe("insightsAgain", () => {
  it("gives them in the order that is asked for, without what is gone or another's", async () => {
    const [one, two] = [await learn("one"), await learn("two", { creatorId: null })];
    const [others, fans] = [await learn("zoe's", { creatorId: "zoe" }), await learn("f's", { fanId: "f" })];
    const again = async (reader: { creatorId: string; fanId?: string }) =>
      (await insightsAgain(jobs.database, reader, [two, "ins_gone", fans, others, one])).map(
        ({ text }) => text,
      );
    expect(await again({ creatorId: "mia" })).toEqual(["two", "one"]);
    expect(await again({ creatorId: "mia", fanId: "f" })).toEqual(["two", "f's", "one"]);
  });
});
