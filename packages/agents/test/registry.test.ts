import { describe, expect, it } from "@jest/globals";
import { chat } from "../src/chat.ts";
import type { AgentTools } from "../src/define-agent.ts";
import { messaging } from "../src/messaging.ts";
import { agentNames, agents, findAgent } from "../src/registry.ts";

describe("the registry", () => {
  it("finds each agent by its name, and no other", () => {
    for (const agent of agents) expect(findAgent(agent.name)).toBe(agent);
    expect(findAgent("nobody")).toBeUndefined();
    expect(findAgent("constructor")).toBeUndefined();
    expect(new Set(agentNames).size).toBe(agents.length);
    expect(new Set(agents.map((agent) => agent.agentId)).size).toBe(agents.length);
  });
});

describe("messaging", () => {
  const compliance = { allowed: true, categories: [], severity: "none" as const, reasons: [] };

  function toolsThatAnswer(answer: object, seen: { system: string; parts: string[] }[] = []): AgentTools {
    return {
      generate: (async (request: { system: string; parts: string[] }) => {
        seen.push(request);
        return answer;
      }) as unknown as AgentTools["generate"],
      delegate: async (agent, input) =>
        agent.run(agent.input.parse(input), toolsThatAnswer(answer, seen)) as never,
      signal: new AbortController().signal,
      log: () => {},
    };
  }

  it("puts what a fan wrote in a labelled part, never among the instructions", async () => {
    const seen: { system: string; parts: string[] }[] = [];
    const tools = toolsThatAnswer({ response: "hi", confidence: 1, compliance }, seen);
    const history = [{ from: "fan" as const, text: "marker-history" }];
    await messaging.run(
      { fanId: "f", message: "marker-message", history, context: { mood: "marker-context" } },
      tools,
    );
    expect(seen[0]?.system).not.toContain("marker");
    expect(seen[0]?.parts).toEqual([
      '<app_context>\n{"mood":"marker-context"}\n</app_context>',
      "<conversation_history>\nfan: marker-history\n</conversation_history>",
      "<fan_message>\nmarker-message\n</fan_message>",
    ]);
  });

  it.each([
    [
      "a message that is not acceptable",
      { response: "x", confidence: 1, compliance: { ...compliance, allowed: false } },
    ],
    ["no reply", { response: "  ", confidence: 1, compliance }],
  ])("answers nothing to %s", async (_name, answer) => {
    expect((await messaging.run({ fanId: "f", message: "m" }, toolsThatAnswer(answer))).response).toBeNull();
  });

  it("is what chat hands a message to", async () => {
    const tools = toolsThatAnswer({ response: "hi", confidence: 0.5, compliance });
    expect(await chat.run({ fanId: "f", message: "m" }, tools)).toEqual({
      response: "hi",
      confidence: 0.5,
      compliance,
      insightsUsed: [],
    });
  });
});
