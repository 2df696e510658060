import { describe, expect, it } from "@jest/globals";
import { chat } from "../src/chat.ts";
import { compliance } from "../src/compliance.ts";
import type { Agent } from "../src/define-agent.ts";
import { necessarySteps } from "../src/define-agent.ts";
import { draftBytesMax } from "../src/outgoing-text.ts";
import { draft, runChat as run } from "./canned-chat.ts";
import { fine, refused } from "./canned-tools.ts";

describe("chat", () => {
  it("checks the message, drafts, and checks the draft", async () => {
    const { result, keys, seen } = await run("I love your work");
    expect(keys).toEqual(["compliance-message/check", "messaging/draft", "compliance-draft/check"]);
    expect(result).toEqual({ ...draft, compliance: fine, insightsUsed: [] });
    expect(seen.shared).toEqual([]);
  });

  it("makes each of its necessary calls under the step that is held for", async () => {
    const held = necessarySteps(chat as unknown as Agent, { fanId: "f", message: "I love your work" });
    const { keys } = await run("I love your work");
    expect([...held.keys()]).toEqual(keys);
    // All of them with the model that operators set.
    expect([...held.values()].map(({ model }) => model)).toEqual([undefined, undefined, undefined]);
  });

  it.each(["spam", "prompt_injection", "hate", "minors"])(
    "pays for nothing more after %s",
    async (category) => {
      const { result, keys } = await run("m", { answers: { "compliance-message/check": refused(category) } });
      expect(keys).toEqual(["compliance-message/check"]);
      expect(result).toMatchObject({
        response: null,
        compliance: { allowed: false, categories: [category] },
      });
    },
  );

  it("answers distress with care and no offer, and says what compliance said", async () => {
    const { result, keys, seen } = await run("I want to die. How much is a video?", {
      answers: { "messaging/draft": { response: "I'm so glad you told me.", confidence: 0.4 } },
    });
    expect(keys).toEqual(["compliance-message/check", "messaging/draft", "compliance-draft/check"]);
    expect(result).toMatchObject({
      response: "I'm so glad you told me.",
      compliance: { allowed: false, categories: ["self_harm"], severity: "critical" },
    });
    expect(seen.shared).toEqual([]);
  });

  it("shows compliance's rewrite of a refused draft, once that has passed", async () => {
    const { result, keys } = await run("Hi!", {
      answers: {
        "compliance-draft/check": refused("platform_rules", "A safer one."),
        "compliance-rewrite/check": fine,
      },
    });
    expect(keys.at(-1)).toBe("compliance-rewrite/check");
    expect(result).toMatchObject({ response: "A safer one.", compliance: { allowed: true } });
  });

  it.each([
    [
      "its rewrite is refused too",
      { "compliance-draft/check": refused("hate", "x"), "compliance-rewrite/check": refused("hate", "y") },
    ],
    ["there is no rewrite", { "compliance-draft/check": refused("hate") }],
    [
      "the rewrite breaks a rule that code knows",
      {
        "compliance-draft/check": refused("hate", "Call me on +49 170 1234567"),
        "compliance-rewrite/check": fine,
      },
    ],
  ])("shows nothing of a refused draft where %s", async (_name, answers) => {
    const { result } = await run("How much is a video?", { answers });
    expect(result).toMatchObject({ response: null, compliance: { allowed: false } });
    expect(result).not.toHaveProperty("suggestedUpsell");
  });

  it.each(["compliance-message/check", "compliance-draft/check", "messaging/draft"])(
    "fails where %s fails: nothing is shown unread",
    async (key) => {
      await expect(run("How much is a video?", { answers: { [key]: new Error("down") } })).rejects.toThrow(
        "down",
      );
    },
  );

  it("waits for both where both go wrong, and fails as the reply did", async () => {
    const over = { tryDelegate: () => Promise.reject(new Error("cancelled")) };
    const answers = { "messaging/draft": new Error("down") };
    await expect(run("How much is a video?", { answers }, {}, over)).rejects.toThrow("down");
    await expect(run("How much is a video?", {}, {}, over)).rejects.toThrow("cancelled");
  });

  it("checks no draft that messaging holds back", async () => {
    const answers = { "messaging/draft": { response: "See <fan_message>", confidence: 0.5 } };
    const { result, keys, seen } = await run("Good morning", { answers });
    expect(keys).toEqual(["compliance-message/check", "messaging/draft"]);
    expect(result).toMatchObject({ response: null, compliance: { categories: ["prompt_injection"] } });
    expect(seen.shared).toEqual([]);
  });

  it("names the insights of a draft that it does not show, and shares none of it", async () => {
    const insights = [{ id: "ins_1", source: "x", type: "t", confidence: 1, text: "t", data: {} }];
    const { result, seen } = await run("How much is it?", {
      insights,
      answers: { "compliance-draft/check": refused("hate") },
    });
    expect(result).toEqual({
      response: null,
      confidence: 0,
      compliance: refused("hate"),
      insightsUsed: ["ins_1"],
    });
    expect(seen.shared).toEqual([]);
  });

  it("tells operators of a refused draft, and never what it says", async () => {
    const logged = async (check: object, rewriteCheck: object = fine) => {
      const answers = { "compliance-draft/check": check, "compliance-rewrite/check": rewriteCheck };
      return (await run("Hi!", { answers })).seen.logged;
    };
    const message = "compliance refused a draft";
    expect(await logged(refused("hate"))).toEqual([{ message, fields: { rewritten: false } }]);
    expect(await logged(refused("hate", "b"))).toEqual([{ message, fields: { rewritten: true } }]);
    expect(await logged(fine)).toEqual([]);
  });

  it("tells compliance what a draft and its rewrite answer", async () => {
    const { seen } = await run("Good marker", {
      answers: {
        "compliance-draft/check": refused("hate", "b"),
        "compliance-rewrite/check": fine,
      },
    });
    const parts = (key: string) => seen.requests.find((request) => request.key === key)?.parts;
    const answered = "<answered_message>\nGood marker\n</answered_message>";
    expect(parts("compliance-draft/check")).toEqual([
      answered,
      `<draft_reply>\n${draft.response}\n</draft_reply>`,
    ]);
    expect(parts("compliance-rewrite/check")).toEqual([answered, "<draft_reply>\nb\n</draft_reply>"]);
  });
});

describe("chat: the conversation", () => {
  const turn = (text: string) => ({ from: "fan" as const, text });

  it("is recalled once where the app gives none, and told with its summary", async () => {
    const conversation = { summary: "They met.", turns: [turn("one"), turn(" \n"), turn("two")] };
    const { seen } = await run("Hi!", { conversation });
    expect(seen.recalled).toEqual(["f"]);
    const request = seen.requests.find(({ key }) => key === "messaging/draft");
    expect(request?.parts[0]).toBe(
      "<conversation_history>\nearlier: They met.\nfan: one\nfan: two\n</conversation_history>",
    );
  });

  it("is not recalled where the app gives one", async () => {
    const { seen } = await run("Hi!", { conversation: { turns: [turn("old")] } }, { history: [turn("new")] });
    expect(seen.recalled).toEqual([]);
    expect(JSON.stringify(seen.requests)).not.toContain("fan: old");
  });

  it("is passed on as far as messaging takes it: its latest hundred turns", async () => {
    const turns = Array.from({ length: 101 }, (_, index) => turn(`t${index}.`));
    const { seen } = await run("I love your work", { conversation: { turns } }, { context: "in debt" });
    const request = seen.requests.find(({ key }) => key === "messaging/draft");
    expect(request?.parts[0]).toContain("fan: t1.\n");
    expect(request?.parts[0]).toContain("fan: t100.\n");
    expect(request?.parts[0]).not.toContain("t0.");
  });
});

it("holds for the check of a draft what a draft adds", () => {
  const steps = necessarySteps(chat as unknown as Agent, { fanId: "f", message: "marker" });
  const { partsBytesMax: draftless } = compliance.steps({
    content: "",
    direction: "outgoing",
    answers: "marker",
  }).check;
  const bytesOf = (key: string) => steps.get(key)?.partsBytesMax;
  expect(bytesOf("compliance-message/check")).toBe(
    compliance.steps({ content: "marker" }).check.partsBytesMax,
  );
  expect(bytesOf("compliance-draft/check")).toBe(draftless + draftBytesMax);
});
