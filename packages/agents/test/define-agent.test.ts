import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { type Agent, defineAgent, delegatedCalls, necessaryCallsOf } from "../src/define-agent.ts";

const call = { system: "s", partsBytesMax: 1, maxOutputTokens: 1 };

function agent(over: Partial<Agent> = {}): Agent {
  return {
    name: "some",
    agentId: "some_ai",
    title: "Some",
    summary: "s",
    feature: "f",
    input: z.object({}),
    output: z.object({}),
    role: "draft",
    expectedCalls: 2,
    queue: { timeoutSeconds: 1, attempts: 1 },
    necessaryCalls: () => [
      { ...call, step: "one" },
      { ...call, step: "two", model: "own-model", role: "check" },
    ],
    run: async () => ({}),
    ...over,
  };
}

describe("defineAgent", () => {
  it.each(["a", "chat-2", "x".repeat(32)])("takes the name %s, and the agent as it is", (name) => {
    const declared = agent({ name });
    expect(defineAgent(declared)).toBe(declared);
  });

  it.each(["", "Chat", "2chat", "-chat", "chat_two", "chat two", "x".repeat(33)])(
    "throws at once for the name %j",
    (name) => expect(() => defineAgent(agent({ name }))).toThrow(`name: ${name}`),
  );
});

describe("necessaryCallsOf", () => {
  it("adds nothing where the agent names no model", () => {
    expect(necessaryCallsOf(agent(), {})[0]).toStrictEqual({ ...call, step: "one", role: "draft" });
    expect(necessaryCallsOf(agent({ model: () => undefined }), {})[0]).toStrictEqual({
      ...call,
      step: "one",
      role: "draft",
    });
  });

  it("names the agent's role and model, unless a call has its own", () => {
    const named = agent({ model: ({ wanted }) => String(wanted), role: "offer" });
    expect(necessaryCallsOf(named, { wanted: "big" })).toStrictEqual([
      { ...call, step: "one", model: "big", role: "offer" },
      { ...call, step: "two", model: "own-model", role: "check" },
    ]);
  });
});

describe("delegatedCalls", () => {
  it("are under the step that delegates: the agent's name unless given", () => {
    const steps = (step?: string) => delegatedCalls(agent(), {}, step).map((found) => found.step);
    expect(steps()).toEqual(["some/one", "some/two"]);
    expect(steps("other")).toEqual(["other/one", "other/two"]);
    expect(delegatedCalls(agent({ role: "check" }), {})[0]).toStrictEqual({
      ...call,
      step: "some/one",
      role: "check",
    });
  });
});
