import { describe, expect, it } from "@jest/globals";
import { creatorPartBytesMax } from "../src/creator-part.ts";
import { partBytesMax } from "../src/fan-text.ts";
import { conversationPartBytesMax, insightPartsBytesMax } from "../src/known-parts.ts";
import { messaging } from "../src/messaging.ts";
import { fineDraft as answer, cannedTools, fine, insight, refused } from "./canned-tools.ts";

describe("messaging: what is held for its call", () => {
  const message = "m";
  const later = (given: object) =>
    messaging.necessaryCalls({ fanId: "f", message, ...given })[0]?.laterBytesMax;
  const history = [{ from: "fan" as const, text: "hi" }];

  it("is what it knows already, the history that came with it among it", async () => {
    const given = { fanId: "f", message, history, summary: "They met.", context: "c" };
    const { tools, seen } = cannedTools({ answers: { draft: answer } });
    await messaging.run(given, tools);
    const [held, ...others] = messaging.necessaryCalls(given);
    expect(others).toEqual([]);
    expect(held?.parts).toEqual(seen.requests[0]?.parts);
    expect(messaging.necessaryCalls({ fanId: "f", message })[0]?.parts).toEqual([
      "<fan_message>\nm\n</fan_message>",
    ]);
  });

  it("is the most that profile, insights, a sign of distress and, without a history, the conversation add", () => {
    const distress = partBytesMax("fan_state", "distress".length);
    const always = creatorPartBytesMax + insightPartsBytesMax + distress;
    expect(later({ history })).toBe(always);
    expect(later({})).toBe(always + conversationPartBytesMax);
  });

  it("asks for a verdict only where there is none yet", () => {
    const fields = (given: object) =>
      Object.keys(messaging.necessaryCalls({ fanId: "f", message, ...given })[0]?.output?.shape ?? {});
    expect(fields({})).toEqual(["response", "confidence", "compliance"]);
    expect(fields({ verdict: fine })).toEqual(["response", "confidence"]);
  });

  it("words its necessary call no shorter than any that it makes", async () => {
    const long = "ж".repeat(1900);
    const { tools, seen } = cannedTools({
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
    const [planned] = messaging.necessaryCalls(given);
    await messaging.run(given, tools);
    const bytes = (parts: string[]) => parts.reduce((sum, part) => sum + Buffer.byteLength(part) + 16, 0);
    expect(bytes(seen.requests[0]?.parts ?? [])).toBeLessThanOrEqual(
      bytes(planned?.parts ?? []) + (planned?.laterBytesMax ?? 0),
    );
    // The budgets were filled, else this says nothing.
    expect(seen.requests[0]?.parts.slice(0, 4).map((part) => Buffer.byteLength(part) > 1900)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});
