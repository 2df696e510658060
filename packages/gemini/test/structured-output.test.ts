import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { readStructuredOutput } from "../src/structured-output.ts";

const output = z.object({
  reply: z.string(),
  scores: z.array(z.number()).optional(),
  byTopic: z.record(z.string(), z.number()).optional(),
});

const read = (answer: unknown, finishReason?: string) =>
  readStructuredOutput(output, typeof answer === "string" ? answer : JSON.stringify(answer), finishReason);
const faultsOf = (answer: unknown) => {
  const result = read(answer);
  return result.kind === "output_invalid" ? result.faults : [];
};

describe("an answer that has to fit a schema", () => {
  it("is read where it does, without what the schema does not name", () => {
    expect(read({ reply: "Hi", scores: [1, 2], other: 1 }, "MAX_TOKENS")).toEqual({
      kind: "valid",
      value: { reply: "Hi", scores: [1, 2] },
    });
  });

  it("is told of with each fault and its place, and with what the model wrote", () => {
    const answer = JSON.stringify({ scores: [1, "two", 3, "four"] });
    expect(read(answer, "STOP")).toEqual({
      kind: "output_invalid",
      faults: ["reply: invalid_type", "scores.1: invalid_type", "scores.3: invalid_type"],
      isCutOff: false,
      answer,
    });
  });

  it.each(["", "Hello", '{"reply": "Hel', "[]", "null", '"reply"'])(
    "has one fault where it is no object: %s",
    (text) => {
      expect(faultsOf(text)).toEqual(["the whole answer: invalid_type"]);
    },
  );

  it("is cut off where it ended at its token limit, and nowhere else", () => {
    for (const [reason, isCutOff] of [
      ["MAX_TOKENS", true],
      ["STOP", false],
      [undefined, false],
    ] as const) {
      expect(read("{", reason)).toMatchObject({ isCutOff });
    }
  });

  it("names twenty faults at most", () => {
    expect(faultsOf({ reply: "Hi", scores: Array(20).fill("x") })).toHaveLength(20);
    const faults = faultsOf({ reply: "Hi", scores: Array(30).fill("x") });
    expect([faults.length, faults.at(-1)]).toEqual([20, "scores.19: invalid_type"]);
  });

  it("tells none of the model's own words as a place, where they are more than a word", () => {
    const names = {
      "say this": "?",
      "": "?",
      ["x".repeat(41)]: "?",
      ["x".repeat(40)]: "x".repeat(40),
      "a.b": "?",
    };
    for (const [name, told] of Object.entries(names)) {
      expect(faultsOf({ reply: "Hi", byTopic: { [name]: "high" } })).toEqual([
        `byTopic.${told}: invalid_type`,
      ]);
    }
  });
});
