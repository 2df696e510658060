import { describe, expect, it } from "@jest/globals";
import type { Generation } from "../src/generation.ts";
import { endingOf, tokensUsed } from "../src/model-gate/call-ending.ts";

const answered = (usage: unknown): Generation => ({
  kind: "answered",
  text: "Hi",
  usage,
  serviceTier: "standard",
  provider: "gemini",
});
const refused = (httpStatus: number | undefined, errorCode = "any"): Generation => ({
  kind: "refused",
  errorCode,
  retryable: true,
  ...(httpStatus !== undefined && { httpStatus }),
});

describe("what a call tells of its model", () => {
  it.each<[string, Generation | undefined, string]>([
    ["none was made", undefined, "unsent"],
    ["an answer", answered({}), "answered"],
    ["an answer that came too late", { kind: "lost", reason: "timeout" }, "failed"],
    ["a connection that broke", { kind: "lost", reason: "connection" }, "failed"],
    ["an attempt that was given up", { kind: "lost", reason: "aborted" }, "unjudged"],
    ["a job that was cancelled", { kind: "lost", reason: "cancelled" }, "unjudged"],
    ["given up before it was sent", refused(undefined, "aborted_before_sending"), "unsent"],
    ["nobody reached", refused(undefined, "unreachable"), "failed"],
    ["a fault of the server", refused(500), "failed"],
    ["a server that is away", refused(503), "failed"],
    ["the last status that is no fault of the server", refused(499), "refused"],
    ["a request that is wrong", refused(400), "refused"],
    ["too many requests", refused(429), "refused"],
  ])("%s", (_what, generation, ending) => {
    expect(endingOf(generation)).toBe(ending);
  });
});

describe("what a call came to in tokens", () => {
  it("is the total that the answer tells", () => {
    expect(tokensUsed(answered({ totalTokenCount: 12, promptTokenCount: 5 }))).toBe(12);
    expect(tokensUsed(answered({ totalTokenCount: 0 }))).toBe(0);
  });

  it.each([null, {}, { totalTokenCount: -1 }, { totalTokenCount: 1.5 }, { totalTokenCount: "12" }])(
    "is not known where the answer has no such total: %j",
    (usage) => {
      expect(tokensUsed(answered(usage))).toBeUndefined();
    },
  );

  it("is not known of what was not answered", () => {
    expect(tokensUsed(undefined)).toBeUndefined();
    expect(tokensUsed(refused(429))).toBeUndefined();
    const lost: Generation = { kind: "lost", reason: "timeout", usage: { totalTokenCount: 9 } };
    expect(tokensUsed(lost)).toBeUndefined();
  });
});
