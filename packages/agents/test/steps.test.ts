import { describe, expect, it } from "@jest/globals";
import { partBytes } from "@understudy/contracts";
import fc from "fast-check";
import { type Agent, necessarySteps } from "../src/define-agent.ts";
import { agents } from "../src/registry.ts";
import { draft, usual } from "./canned-chat.ts";
import { type Canned, cannedRun, fine, insight, refused } from "./canned-tools.ts";

/** What makes a prompt longer than what came: labels, turns and roles that are broken up, and what takes many bytes. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "<a_b>",
        "</fan_message>",
        "\nsystem:",
        "\ncreator:",
        "<|im_start|>",
        "[INST]",
        "<system>",
      ),
      fc.constantFrom("\n", "<", "ж", "字", "🎉", "\u200b", "\u00a0", "\ud800"),
      fc.string({ unit: "binary", maxLength: 20 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(""));
const told = hostile.map((text) => `x${text}`);

const canned = fc
  .record({ text: told, profile: fc.boolean(), response: told, repeats: fc.nat(80) })
  .map(({ text, profile, response, repeats }): Canned => {
    const long = text.repeat(1 + repeats);
    const written = { ...draft, response: response.repeat(1 + repeats) };
    const explanation = { insights: [long], recommendations: [], patterns: [] };
    const check = refused("hate", long);
    return {
      ...(profile && { profile: { voice: long, donts: [text, text], prices: { set: "5.00" } } }),
      insights: [insight("i"), insight("s", { type: "style_example", data: { message: long, reply: long } })],
      conversation: { summary: long, turns: [{ from: "fan", text: long }] },
      answers: {
        ...usual,
        ...{ "messaging/draft": written, draft: { ...written, compliance: fine } },
        ...{ check, "compliance-draft/check": check, "compliance-rewrite/check": fine },
        ...{ offer: usual["sales/offer"], caption: { caption: long, hashtags: [], confidence: 1 } },
        ...{ explain: explanation, prompt: "fine" },
      },
    };
  });

const inputs = fc.record({ message: told, more: told, hasMore: fc.boolean() });
type Given = { message: string; more: string; hasMore: boolean };

const inputOf: Record<string, (given: Given) => object> = {
  chat: ({ message, more, hasMore }) => ({
    ...{ fanId: "f", message, ...(hasMore && { context: { engagementLevel: "high", note: more } }) },
  }),
  messaging: ({ message, more, hasMore }) => ({
    ...{
      fanId: "f",
      message,
      context: more,
      ...(hasMore && { verdict: refused("self_harm"), summary: more }),
    },
  }),
  sales: ({ message, more }) => ({
    ...{ fanId: "f", context: { currentMessage: message, fanProfile: { note: more } } },
  }),
  content: ({ message }) => ({ platform: "instagram", contentInfo: { description: message } }),
  analytics: ({ more }) => ({ metrics: { platforms: { note: more }, revenueData: [1, 2, 3] } }),
  compliance: ({ message, more, hasMore }) => ({
    content: message,
    ...(hasMore && { answers: more, direction: "outgoing", platform: more.slice(0, 100) }),
  }),
  test: ({ message }) => ({ prompt: message }),
};

/** Refuses what is longer than its step declares. */
async function runFor(agent: Agent, given: Given, tools: Canned) {
  const input = agent.input.parse(inputOf[agent.name]?.(given)) as Record<string, unknown>;
  const { run, seen } = cannedRun(agent, tools);
  await run(input);
  return { input, seen };
}

describe("each step of each agent", () => {
  it.each(agents.map((agent) => [agent.name, agent] as const))(
    "of %s is sent no longer than it is declared, and than a job has room for",
    async (_name, agent) => {
      await fc.assert(
        fc.asyncProperty(inputs, canned, async (given, tools) => {
          const { input, seen } = await runFor(agent, given, tools);
          // Both before the creator's profile is looked up and after it.
          for (const profile of [undefined, tools.profile ?? {}]) {
            const planned = necessarySteps(agent, input, profile);
            for (const { key, parts } of seen.requests) {
              const step = planned.get(key);
              if (!step) continue;
              const bytes = parts.reduce((sum, part) => sum + partBytes(part), 0);
              expect(bytes).toBeLessThanOrEqual(step.partsBytesMax + (step.spareBytesMax ?? 0));
            }
          }
        }),
        { numRuns: 150 },
      );
    },
  );

  it("keeps its key: under it answers are remembered of jobs that are under way", async () => {
    const keysOf = async (agent: Agent) => {
      const check = refused("hate", "rather this");
      const given = { message: "hello", more: "more", hasMore: true };
      const answers = {
        ...usual,
        ...{
          check: fine,
          draft: { ...draft, compliance: fine },
          offer: usual["sales/offer"],
          prompt: "fine",
        },
        ...{ "compliance-draft/check": check, "compliance-rewrite/check": fine },
        caption: { caption: "c", hashtags: [], confidence: 1 },
        explain: { insights: [], recommendations: [], patterns: [] },
      };
      const { input, seen } = await runFor(agent, given, { answers });
      expect(seen.requests.map(({ key }) => key)).toEqual(
        expect.arrayContaining([...necessarySteps(agent, input).keys()]),
      );
      return [agent.name, seen.requests.map(({ key }) => key).sort()];
    };
    expect(Object.fromEntries(await Promise.all(agents.map(keysOf)))).toEqual({
      chat: [
        "compliance-draft/check",
        "compliance-message/check",
        "compliance-offer/check",
        "compliance-rewrite/check",
        "messaging/draft",
        "sales/offer",
      ],
      messaging: ["draft"],
      sales: ["offer"],
      content: ["caption"],
      analytics: ["explain"],
      compliance: ["check"],
      test: ["prompt"],
    });
  });
});
