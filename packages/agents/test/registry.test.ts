import { describe, expect, it } from "@jest/globals";
import { modelSchemaOf } from "@understudy/contracts";
import { necessarySteps } from "../src/define-agent.ts";
import { agentNames, agents, findAgent } from "../src/registry.ts";

describe("the registry", () => {
  it("has every agent of the API, under its route and its own id", () => {
    expect(agents.map(({ name, agentId, route }) => [name, agentId, route])).toEqual([
      ["chat", "chat_ai", "chat"],
      ["messaging", "messaging_ai", undefined],
      ["sales", "sales_ai", "optimize-sales"],
      ["content", "content_ai", "generate-caption"],
      ["analytics", "analytics_ai", "analyze-performance"],
      ["compliance", "compliance_ai", "moderate"],
      ["test", "test_ai", "test"],
    ]);
  });

  it("finds each agent by its name, and no other", () => {
    for (const agent of agents) expect(findAgent(agent.name)).toBe(agent);
    expect(findAgent("nobody")).toBeUndefined();
    expect(findAgent("constructor")).toBeUndefined();
    expect(new Set(agentNames).size).toBe(agents.length);
    expect(new Set(agents.map((agent) => agent.agentId)).size).toBe(agents.length);
  });
});

const inputs: Record<string, object> = {
  chat: { fanId: "f", message: "hello" },
  messaging: { fanId: "f", message: "hello" },
  sales: { fanId: "f", context: { currentMessage: "how much is a video?" } },
  content: { platform: "instagram", contentInfo: { description: "the sea" } },
  analytics: { metrics: { revenueData: [1, 2, 3] } },
  compliance: { content: "hello" },
  test: { prompt: "hello" },
};

describe.each(agents.map((agent) => [agent.name, agent] as const))("%s", (name, agent) => {
  const input = agent.input.parse(inputs[name]);

  it("refuses what it does not know", () => {
    expect(agent.input.safeParse({ ...input, surprise: 1 }).success).toBe(false);
    expect(agent.input.safeParse({}).success).toBe(false);
  });

  it("says which steps it can't do without", () => {
    const { size } = necessarySteps(agent, input);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(agent.expectedCalls);
  });

  it("can be told to the model and to the API's documents", () => {
    expect(() => modelSchemaOf(agent.input)).not.toThrow();
    expect(() => modelSchemaOf(agent.output)).not.toThrow();
    for (const { output } of necessarySteps(agent, input).values()) if (output) modelSchemaOf(output);
  });
});
