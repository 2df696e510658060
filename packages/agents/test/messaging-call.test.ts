import { describe, expect, it } from "@jest/globals";
import { messaging } from "../src/messaging.ts";
import { fineDraft as answer, bytesIn, cannedRun, fine, insight, refused } from "./canned-tools.ts";

describe("messaging: what is held for its call", () => {
  const message = "m";
  const held = (given: object) => messaging.steps({ fanId: "f", message, ...given }).draft.partsBytesMax;

  it("grows with what the request brings, up to the budget of the context", () => {
    expect(held({ message: "mm" }) - held({})).toBe(1);
    // "<" may become a longer character, and a line begin with "> ".
    expect(held({ message: "m<" }) - held({})).toBe(3);
    expect(held({ message: "m\n" }) - held({})).toBe(3);
    const context = (length: number) => held({ context: "c".repeat(length) });
    expect(context(2) - context(1)).toBe(1);
    expect(context(8000)).toBe(context(4000));
    expect(held({ history: [{ from: "fan" as const, text: "hi" }] })).toBe(held({}));
  });

  it("asks for a verdict only where there is none yet", () => {
    const fields = (given: object) =>
      Object.keys(messaging.steps({ fanId: "f", message, ...given }).draft.output.shape);
    expect(fields({})).toEqual(["response", "confidence", "compliance"]);
    expect(fields({ verdict: fine })).toEqual(["response", "confidence"]);
  });

  it("words its necessary call no shorter than any that it makes", async () => {
    const long = "ж".repeat(1900);
    const { run, seen } = cannedRun(messaging, {
      answers: { draft: answer },
      profile: {
        displayName: "M",
        voice: long,
        dos: Array(20).fill(long.slice(0, 400)),
        sampleReplies: [long],
      },
      insights: Array.from({ length: 6 }, (_, index) =>
        insight(`ins_${index}`, {
          text: long,
          ...(index % 2 && { type: "style_example", data: { message: long, reply: long } }),
        }),
      ),
      conversation: {
        summary: long,
        turns: Array.from({ length: 50 }, () => ({ from: "fan" as const, text: long })),
      },
    });
    const given = {
      fanId: "f",
      message: "<a_b>".repeat(1600),
      context: { text: "<a_b>\n".repeat(1000) },
      verdict: refused("self_harm"),
    };
    const { partsBytesMax, spareBytesMax } = messaging.steps(given).draft;
    await run(given);
    expect(bytesIn(seen.requests[0]?.parts)).toBeLessThanOrEqual(partsBytesMax + spareBytesMax);
    // The budgets were filled, else this says nothing.
    expect(seen.requests[0]?.parts.slice(0, 4).map((part) => Buffer.byteLength(part) > 1900)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});
