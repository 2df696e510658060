import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { type Agent, defineAgent, delegated, necessarySteps } from "../src/define-agent.ts";

const bounds = { system: "s", partsBytesMax: 1, maxOutputTokens: 1 };

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
    steps: () => ({ one: bounds, two: { ...bounds, model: "own-model", role: "check" } }),
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

describe("the necessary steps of an agent", () => {
  it("are all of its own unless it names some", () => {
    expect([...necessarySteps(agent(), {}).keys()]).toEqual(["one", "two"]);
    expect([...necessarySteps(agent({ necessary: () => ["two"] }), {}).keys()]).toEqual(["two"]);
    expect(() => necessarySteps(agent({ necessary: () => ["three"] }), {})).toThrow(
      'Agent some declares no step "three".',
    );
  });

  it("have no model where the agent names none", () => {
    for (const over of [{}, { model: () => undefined }])
      expect(necessarySteps(agent(over), {}).get("one")).toStrictEqual({ ...bounds, role: "draft" });
  });

  it("are for the agent's role and model, unless a step has its own", () => {
    const named = agent({ model: ({ wanted }) => String(wanted), role: "offer" });
    expect(Object.fromEntries(necessarySteps(named, { wanted: "big" }))).toStrictEqual({
      one: { ...bounds, model: "big", role: "offer" },
      two: { ...bounds, model: "own-model", role: "check" },
    });
  });

  it("are bounded by the profile that is known, also those of who is delegated to", () => {
    const known: unknown[] = [];
    const inner = agent({
      steps: (_input, profile) => {
        known.push(profile);
        return { one: bounds };
      },
    });
    const outer = agent({ steps: () => ({}), necessary: () => [delegated(inner, {})] });
    necessarySteps(outer, {}, { voice: "dry" });
    necessarySteps(outer, {});
    expect(known).toEqual([{ voice: "dry" }, undefined]);
  });

  it("are under the step that delegates: the agent's name unless given", () => {
    const keys = (step?: string) => [
      ...necessarySteps(agent({ necessary: () => [delegated(agent(), {}, step)] }), {}).keys(),
    ];
    expect(keys()).toEqual(["some/one", "some/two"]);
    expect(keys("other")).toEqual(["other/one", "other/two"]);
    const inner = agent({ role: "check" });
    const outer = agent({ necessary: () => ["one", delegated(inner, {})] });
    expect(necessarySteps(outer, {}).get("some/one")).toStrictEqual({ ...bounds, role: "check" });
    expect(necessarySteps(outer, {}).get("one")).toStrictEqual({ ...bounds, role: "draft" });
  });
});
