import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { submitChat } from "./chat-run.ts";
import { countBy, ends, rest, stack, start } from "./fault-run.ts";

describe("two hundred chats at once, on one worker that does eight at a time", () => {
  it("are all answered, and jobs of the other agents go on beside them", async () => {
    await start({ environment: { WORKER_ATTEMPT_SECONDS: "60", WORKER_CONCURRENCY: "8" } });
    const chats = await Promise.all(Array.from({ length: 200 }, (_, number) => submitChat(number)));
    const others = await Promise.all([
      stack.submit("messaging", { creatorId: "iu", input: { fanId: "f", message: "Hi, how are you?" } }),
      stack.submit("sales", { creatorId: "iu", input: { fanId: "f", context: { contentType: "photos" } } }),
      stack.submit("content", {
        creatorId: "rain",
        input: { platform: "instagram", contentInfo: { description: "a day at the beach" } },
      }),
      stack.submit("analytics", {
        creatorId: "rain",
        input: { metrics: { revenueData: [{ month: "2026-09", usd: 120 }] } },
      }),
      stack.submit("compliance", { creatorId: "iu", input: { content: "See you tomorrow!" } }),
      stack.submit("test", { creatorId: "rain", input: { prompt: "Say hello." } }),
    ]);
    await eventually(async () =>
      expect(await countBy({ id: { in: others }, status: "completed" })).toBe(others.length),
    );
    // Those that came later were not kept until all chats were done.
    expect(await countBy({ id: { in: chats }, status: "completed" })).toBeLessThan(200);
    await rest();
    expect(await ends()).toEqual({ completed: 206 });
    await assertInvariants(stack, [...chats, ...others]);
  }, 300_000);
});
