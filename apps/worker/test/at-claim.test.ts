import { describe, expect, it } from "@jest/globals";
import type { InsightSearch } from "@understudy/knowledge";
import { foundAtClaim } from "../src/knowledge/at-claim.ts";
import { claimedJob } from "./attempt-fakes.ts";

const createdAt = "2026-11-15T12:00:00Z";
const insight = (id: string) => ({
  ...{ id, source: "s", type: "t", confidence: 1, text: "tea", data: {} },
  createdAt,
});
const insights = [insight("a"), insight("b")];
const ofFan = { agent: "messaging", fanId: "fan", input: { message: "tea?" } };
const query: InsightSearch = { creatorId: "psy", fanId: "fan", about: "tea?", limit: 6 };

/** Ids of what is found. */
function found(query: InsightSearch, over: object = {}, agoMs = 0): string[] | undefined {
  const job = claimedJob({ ...ofFan, insights, ...over });
  return foundAtClaim(job, performance.now() - agoMs, query)?.map(({ id }) => id);
}

describe("what was found with a job's claim", () => {
  it("is what its agent begins with", () => {
    expect(found(query)).toEqual(["a", "b"]);
    expect(found(query, { agent: "chat" })).toEqual(["a", "b"]);
    expect(found({ ...query, limit: 1 })).toEqual(["a"]);
    const [first] = foundAtClaim(claimedJob({ ...ofFan, insights }), performance.now(), query) ?? [];
    expect(first).toEqual({ ...insight("a"), createdAt: new Date(createdAt) });
  });

  it("is nothing else", () => {
    expect(found({ ...query, about: "sea?" })).toBeUndefined();
    expect(found({ ...query, limit: 7 })).toBeUndefined();
    expect(found({ ...query, types: ["t"] })).toBeUndefined();
    expect(found({ ...query, fanId: undefined })).toBeUndefined();
    expect(found(query, { agent: "sales" })).toBeUndefined();
    expect(found(query, { agent: "gone" })).toBeUndefined();
    expect(found(query, { insights: null })).toBeUndefined();
  });

  it("is looked for again where some of it may be erased by now; not where there was nothing", () => {
    expect(found(query, {}, 900)).toEqual(["a", "b"]);
    expect(found(query, {}, 1_000)).toBeUndefined();
    expect(found(query, { insights: [] }, 60_000)).toEqual([]);
  });
});
