import { describe, expect, it } from "@jest/globals";
import type { Part } from "@understudy/agents";
import { longerThanDeclared } from "@understudy/contracts";
import { AttemptEnded } from "../../src/attempt-end.ts";
import type { AskForText } from "../../src/knowledge/knowledge-step.ts";
import { claim, database, exchange, newJob, toolsFor, toolsOf } from "./knowledge-run.ts";

describe("recall", () => {
  it("gives what was really said, the oldest first, before the job and of its fan alone", async () => {
    const of = { creatorId: "recall", fanId: "fan" };
    await exchange({ ...of, message: "first" }, "draft 1");
    const edited = await exchange({ ...of, message: "second" }, "draft 2");
    const rejected = await exchange({ ...of, message: "third", agent: "chat" }, "draft 3");
    await exchange({ ...of, message: "unanswered" }, null);
    await exchange({ ...of, message: "a test", agent: "test" }, "no reply");
    await exchange({ ...of, fanId: "other", message: "of another fan" }, "x");
    await exchange({ creatorId: "recall_2", fanId: "fan", message: "of another creator" }, "x");
    await newJob({ ...of, message: "still queued" });
    await database.prisma.feedback.createMany({
      data: [
        { jobId: edited, outcome: "edited", text: "what was sent" },
        { jobId: rejected, outcome: "rejected" },
      ],
    });
    const tools = await toolsFor(of);
    await exchange({ ...of, message: "later" }, "later");
    expect(await tools.recall("fan")).toEqual({
      turns: [
        { from: "fan", text: "first" },
        { from: "creator", text: "draft 1" },
        { from: "fan", text: "second" },
        { from: "creator", text: "what was sent" },
        { from: "fan", text: "third" },
        { from: "fan", text: "unanswered" },
      ],
    });
  });

  const long = (n: number) => `message ${n} ${"é".repeat(400)}`;

  async function longConversation(creatorId: string) {
    for (let n = 0; n < 12; n++) await exchange({ creatorId, fanId: "fan", message: long(n) }, `reply ${n}`);
    return newJob({ creatorId, fanId: "fan" });
  }

  it("keeps the latest turns, and sums up what was before them, once", async () => {
    const id = await longConversation("summary");
    const asked: (readonly Part[])[] = [];
    const generate: AskForText = async (_name, step, parts) => {
      expect(longerThanDeclared(step, parts)).toBeUndefined();
      asked.push(parts);
      return "The fan likes accents.";
    };
    const first = await toolsOf(await claim(id), generate).recall("fan");
    const said = first.turns.map(({ text }) => text);
    expect(said.at(-2)).toBe(long(11));
    expect(Buffer.byteLength(said.join(""))).toBeLessThanOrEqual(6_000);
    expect(first.summary).toBe("The fan likes accents.");
    expect(asked).toHaveLength(1);
    // All that is not among the turns was summed up, and nothing else.
    for (let n = 0; n < 12; n++) {
      expect(asked[0]?.join("").includes(`message ${n} `)).toBe(!said.includes(long(n)));
    }
    // A rerun sees the same, and does not ask again; nor does the next job, that has it in its memory.
    expect(await toolsOf(await claim(id), generate).recall("fan")).toEqual(first);
    const next = await toolsOf(
      await claim(await newJob({ creatorId: "summary", fanId: "fan" })),
      generate,
    ).recall("fan");
    expect(next).toEqual(first);
    expect(asked).toHaveLength(1);
  });

  it("goes without a summary that can't be made, but not on after the attempt", async () => {
    const id = await longConversation("no_summary");
    const failing: AskForText = () =>
      Promise.reject(
        new AttemptEnded({ kind: "failed", code: "unknown_model", message: "No.", retryable: false }),
      );
    const { summary, turns } = await toolsOf(await claim(id), failing).recall("fan");
    expect(summary).toBeUndefined();
    expect(turns.at(-2)?.text).toBe(long(11));
    const fenced: AskForText = () => Promise.reject(new AttemptEnded({ kind: "fenced" }));
    const again = await claim(await newJob({ creatorId: "no_summary", fanId: "fan" }));
    await expect(toolsOf(again, fenced).recall("fan")).rejects.toMatchObject({ end: { kind: "fenced" } });
  });
});
