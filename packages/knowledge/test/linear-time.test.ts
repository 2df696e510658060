import { expect, test } from "@jest/globals";
import { slowTextFor } from "@understudy/testkit/linear-time";
import { findPersonalData, plainText } from "../src/index.ts";
import { styleExample } from "../src/style-example.ts";

const origin = {
  creatorId: "mia",
  fanId: "fan_7",
  profile: { voice: "warm" },
  input: { message: "I am Anna" },
};

const readers: Record<string, (text: string) => unknown> = {
  findPersonalData: (text) => findPersonalData(text, [{ kind: "a name", text: "Anna" }]),
  plainText,
  "styleExample, of a reply": (text) => styleExample(text, origin),
  "styleExample, of what the fan wrote": (text) =>
    styleExample("Hi Anna!", { ...origin, input: { message: text } }),
};

test.each(Object.entries(readers))("%s takes four times as long for four times the text", (_, read) => {
  const modules = ["personal-data", "style-example"].map(
    (name) => new URL(`../src/${name}.ts`, import.meta.url),
  );
  expect(slowTextFor(read, modules)).toBeUndefined();
});
