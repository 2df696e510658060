import { describe, expect, it } from "@jest/globals";
import { type Agent, defineAgent } from "@understudy/agents";
import type { ClaimedJob } from "@understudy/jobs";
import { sumUsd } from "@understudy/ledger";
import { z } from "zod";
import { AttemptEnded, endWithoutAnswer } from "../src/attempt-end.ts";
import { type Attempt, attemptTools, JobReserve } from "../src/attempt-tools.ts";
import { runAgentJob } from "../src/run-agent-job.ts";
import { AttemptFakes, answer, claimedJob } from "./attempt-fakes.ts";

type Steps = ReturnType<Agent["steps"]>;

const declared = { system: "", maxOutputTokens: 10, partsBytesMax: 18 };
/** Declares each step that it is asked for. */
const anyStep: Steps = new Proxy({}, { get: () => declared });

/** An agent that does what a test says. */
function agentOf(run: Agent["run"], over: Partial<Agent> = {}): Agent {
  return defineAgent<z.ZodObject, z.ZodObject, Steps>({
    ...{ name: "helper", agentId: "helper_ai", title: "Helper", summary: "Helps.", feature: "help" },
    input: z.object({ n: z.number().default(7) }),
    output: z.object({ text: z.string() }),
    role: "draft",
    expectedCalls: 1,
    queue: { timeoutSeconds: 30, attempts: 5 },
    steps: () => anyStep,
    run,
    ...over,
  });
}

const own = agentOf(async () => ({ text: "" }), { name: "own", agentId: "own_ai" });

function attemptOf(fakes: AttemptFakes, over: Partial<Attempt> = {}, job: Partial<ClaimedJob> = {}): Attempt {
  const { database, knowledge, gemini, ledger, registry, onUnavailable, logger } = fakes.dependencies();
  return {
    ...{ database, knowledge, gemini, ledger, registry, onUnavailable, logger, job: claimedJob(job) },
    claimedAt: performance.now(),
    ...{ signal: new AbortController().signal, stopping: fakes.stopping.signal },
    reserve: new JobReserve(new Map()),
    stream: fakes.stream(),
    observed: fakes.observed(),
    timeoutSeconds: 30,
    ...over,
  };
}

const ask = (step: string) => [step, ["hi"]] as const;

describe("an agent's tools", () => {
  it("remember each answer under the step's own name, behind that of who delegated to it", async () => {
    const fakes = new AttemptFakes();
    const helper = agentOf(async (_input, tools) => ({ text: await tools.generate(...ask("draft")) }));
    const tools = attemptTools(attemptOf(fakes), own, {});
    await tools.generate(...ask("draft"));
    await tools.delegate(helper, {});
    await tools.delegate(helper, {}, "again");
    expect(fakes.intents.map(({ stepKey, agentId }) => [stepKey, agentId])).toEqual([
      ["draft", "own_ai"],
      ["helper/draft", "helper_ai"],
      ["again/draft", "helper_ai"],
    ]);
  });

  it.each([
    ["STOP", undefined],
    ["MAX_TOKENS", true],
    ["CONTINUATION", true],
  ])(
    "say of a text whether it was cut off: %s, also where it is remembered",
    async (finishReason, truncated) => {
      const fakes = new AttemptFakes();
      fakes.generate = () => answer("once upon", { finishReason });
      const told = { text: "once upon", ...(truncated && { truncated }) };
      const tools = attemptTools(attemptOf(fakes), own, {});
      expect(await tools.generateText(...ask("draft"))).toEqual(told);
      await expect(tools.generateText(...ask("draft"))).rejects.toThrow("twice");
      const steps = [{ key: "draft", result: { text: "once upon", finishReason } }];
      const again = attemptTools(attemptOf(fakes, {}, { steps }), own, {});
      expect(await again.generateText(...ask("draft"))).toEqual(told);
      expect(fakes.requests).toHaveLength(1);
    },
  );

  it("give no text where there is none", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => answer("", { finishReason: "MAX_TOKENS", blockReason: "MAX_TOKENS" });
    const tools = attemptTools(attemptOf(fakes), own, {});
    await expect(tools.generateText(...ask("draft"))).rejects.toMatchObject({ end: { kind: "blocked" } });
  });

  it("refuse a step that was named before, and one named as the repair of another", async () => {
    const fakes = new AttemptFakes();
    const tools = attemptTools(attemptOf(fakes), own, {});
    await tools.generate(...ask("draft"));
    await expect(tools.generate(...ask("draft"))).rejects.toThrow('Agent own uses the step "draft" twice.');
    await expect(tools.generate(...ask("draft:repair"))).rejects.toThrow("twice");
    const helper = agentOf(async () => ({ text: "" }));
    await tools.delegate(helper, {});
    await expect(tools.delegate(helper, {})).rejects.toThrow('uses the step "helper" twice');
    expect(fakes.intents).toHaveLength(1);
  });

  it("ask the model that the agent's input names, else the one that operators set", async () => {
    const fakes = new AttemptFakes();
    fakes.models = ["gemini-2.5-flash", "gemini-2.5-pro"];
    const chooser = agentOf(async () => ({ text: "" }), {
      model: (input) => input.model as string | undefined,
    });
    await attemptTools(attemptOf(fakes), chooser, { model: "gemini-2.5-pro" }).generate(...ask("a"));
    await attemptTools(attemptOf(fakes), chooser, {}).generate(...ask("a"));
    await attemptTools(attemptOf(fakes), own, {}).generate(...ask("a"));
    expect(fakes.requests.map(({ model }) => model)).toEqual([
      ...["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash"],
    ]);
  });

  it("tell how the creator sounds, where somebody has said it, and when to stop", () => {
    const signal = AbortSignal.abort();
    const fakes = new AttemptFakes();
    const profile = { displayName: "Mia" };
    expect(attemptTools(attemptOf(fakes, { signal }, { profile }), own, {})).toMatchObject({
      profile,
      signal,
    });
    expect(attemptTools(attemptOf(fakes), own, {}).profile).toEqual({});
  });

  it("log for operators whose words they are, and of which job", () => {
    const fakes = new AttemptFakes();
    attemptTools(attemptOf(fakes), own, {}).log("said", { count: 3 });
    expect(fakes.logged).toEqual([["info", "said", { jobId: "job_1", agentId: "own_ai", count: 3 }]]);
  });
});

describe("an agent that another delegates to", () => {
  it("gets its input and gives its output as it declares them, and is observed apart", async () => {
    const fakes = new AttemptFakes();
    const given: unknown[] = [];
    const helper = agentOf(async (input) => {
      given.push(input);
      return { text: "done", more: "than it declares" };
    });
    const tools = attemptTools(attemptOf(fakes), own, {});
    expect(await tools.delegate(helper, {})).toEqual({ text: "done" });
    expect(given).toEqual([{ n: 7 }]);
    expect(fakes.happened("delegated", "delegate ended")).toEqual([
      ["delegated", "own to helper_ai"],
      ["delegate ended", "helper_ai", undefined],
    ]);
    await expect(tools.delegate(helper, { n: "seven" } as never, "b")).rejects.toThrow();
    expect(given).toHaveLength(1);
  });

  it("delegates in its own name, behind its own steps", async () => {
    const fakes = new AttemptFakes();
    const inner = agentOf(async (_input, tools) => ({ text: await tools.generate(...ask("draft")) }), {
      ...{ name: "inner", agentId: "inner_ai" },
    });
    const outer = agentOf(async (_input, tools) => tools.delegate(inner, {}));
    await attemptTools(attemptOf(fakes), own, {}).delegate(outer, {});
    expect(fakes.intents.map(({ stepKey }) => stepKey)).toEqual(["helper/inner/draft"]);
    expect(fakes.happened("delegated").map(([, who]) => who)).toEqual([
      ...["own to helper_ai", "helper_ai to inner_ai"],
    ]);
  });

  const stopped = new AttemptEnded(endWithoutAnswer({ kind: "lost", reason: "timeout" }, "draft", false));
  it.each([
    ["timed_out", stopped],
    ["agent_error", new TypeError("secret")],
  ])("ends with the fault that it had, which is thrown on: %s", async (kind, fault) => {
    const fakes = new AttemptFakes();
    const helper = agentOf(() => Promise.reject(fault));
    await expect(attemptTools(attemptOf(fakes), own, {}).delegate(helper, {})).rejects.toBe(fault);
    expect(fakes.happened("delegate ended")).toEqual([["delegate ended", "helper_ai", kind]]);
  });

  it.each([
    ["timed_out", stopped],
    ["agent_error", new TypeError("secret")],
  ])("is done without where one can: %s", async (reason, fault) => {
    const fakes = new AttemptFakes();
    const helper = agentOf(() => Promise.reject(fault));
    const tools = attemptTools(attemptOf(fakes), own, {});
    expect(await tools.tryDelegate(helper, {}, "maybe")).toEqual({ kind: "failed", reason });
    expect(fakes.logged).toEqual([
      ["warn", "a helper failed; the job goes on", { jobId: "job_1", agentId: "helper_ai", reason }],
    ]);
  });

  it("is heard where it succeeds, under the step that it was given", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => answer("fine");
    const helper = agentOf(async (_input, tools) => ({ text: await tools.generate(...ask("draft")) }));
    const tools = attemptTools(attemptOf(fakes), own, {});
    expect(await tools.tryDelegate(helper, {}, "maybe")).toEqual({ kind: "done", value: { text: "fine" } });
    expect(fakes.intents[0]?.stepKey).toBe("maybe/draft");
  });

  it("ends the attempt where that can't go on, whatever one could do without", async () => {
    const fenced = new AttemptEnded({ kind: "fenced" });
    const tools = attemptTools(attemptOf(new AttemptFakes()), own, {});
    await expect(
      tools.tryDelegate(
        agentOf(() => Promise.reject(fenced)),
        {},
      ),
    ).rejects.toBe(fenced);
    const over = attemptTools(attemptOf(new AttemptFakes(), { signal: AbortSignal.abort() }), own, {});
    await expect(
      over.tryDelegate(
        agentOf(() => Promise.reject(stopped)),
        {},
      ),
    ).rejects.toBe(stopped);
  });
});

describe("what a job holds for its calls", () => {
  const reserveOf = (entries: [string, string][]) =>
    new JobReserve(new Map(entries.map(([step, usd]) => [step, sumUsd([usd])])));
  it("is held by each of them for those that are still to come", () => {
    const reserve = reserveOf([
      ["a", "1"],
      ["b", "2"],
      ["c", "4"],
    ]);
    expect(reserve.besides("b").toFixed()).toBe("5");
    // Tried again, with less.
    expect(reserve.besides("b").toFixed()).toBe("5");
    reserve.begun("b");
    expect(reserve.besides("a").toFixed()).toBe("4");
    reserve.begun("a");
    expect(reserve.besides("repair").toFixed()).toBe("4");
    expect(reserve.besides("c").toFixed()).toBe("0");
  });

  it("is held by others for a call that has been asked for, until that has a hold of its own", () => {
    const reserve = reserveOf([
      ["draft", "1"],
      ["check", "2"],
    ]);
    expect(reserve.besides("draft").toFixed()).toBe("2");
    // There was no room for the draft: it will be asked for again, with less.
    expect(reserve.besides("offer").toFixed()).toBe("3");
    reserve.begun("draft");
    expect(reserve.besides("offer").toFixed()).toBe("2");
  });

  it("is all of it where a call comes first that the job could do without", () => {
    const reserve = reserveOf([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(reserve.besides("other").toFixed()).toBe("3");
    expect(reserve.besides("a").toFixed()).toBe("2");
  });

  it("is, for a job that runs again, that of the calls that it has not made", async () => {
    const held = async (agentName: string, input: object, steps: ClaimedJob["steps"] = []) => {
      const fakes = new AttemptFakes();
      fakes.job = claimedJob({ agent: agentName, fanId: "fan_1", input, steps });
      fakes.models = ["gemini-2.5-flash", "gemini-2.5-flash-lite"];
      fakes.notOpened = { kind: "fenced" };
      await runAgentJob(fakes.dependencies(), { jobId: "job_1", generation: 1, agent: own.name });
      return fakes.intents[0];
    };
    const message = { fanId: "fan_1", message: "Hello there" };
    const first = await held("chat", message);
    const again = await held("chat", message, [{ key: "messaging/draft", result: { text: "{}" } }]);
    expect(again?.stepKey).toBe(first?.stepKey);
    expect(again?.reserveUsd.lt(first?.reserveUsd ?? 0)).toBe(true);
    expect(again?.reserveUsd.gt(0)).toBe(true);
    expect((await held("test", { prompt: "hi" }))?.reserveUsd.toFixed()).toBe("0");
  });
});
