import { describe, expect, it } from "@jest/globals";
import { fieldsOf, inputOf, type JsonSchema } from "../src/pages/playground/json-schema.ts";

const schema: JsonSchema = {
  type: "object",
  required: ["message", "platform"],
  properties: {
    context: { $ref: "#/$defs/Context" },
    limit: { type: "integer" },
    message: { type: "string", maxLength: 4000 },
    platform: { type: "string", enum: ["instagram", "x"] },
    history: { type: "array", items: { type: "object" } },
  },
};
const root = {
  $defs: {
    Context: { type: "object", properties: { price: { anyOf: [{ type: "string" }, { type: "null" }] } } },
  },
};
const fields = fieldsOf(schema, root);

describe("a form", () => {
  it("has a field for each property, those that must be filled in first", () => {
    expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
      ["message", "text", true],
      ["platform", "choice", true],
      ["context", "group", false],
      ["limit", "number", false],
      ["history", "json", false],
    ]);
    expect(fields[2]?.fields?.map(({ name, kind }) => [name, kind])).toEqual([["price", "line"]]);
  });

  it("has one field for an object that may be left out, but not in part", () => {
    const verdict = { type: "object", properties: { allowed: { type: "boolean" } }, required: ["allowed"] };
    const kinds = (required: string[]) =>
      fieldsOf({ type: "object", properties: { verdict }, required }, {}).map(({ kind }) => kind);
    expect(kinds([])).toEqual(["json"]);
    expect(kinds(["verdict"])).toEqual(["group"]);
  });

  it("sends what was filled in, and leaves out the rest", () => {
    expect(
      inputOf(fields, { message: "Hi", platform: "x", limit: 0, context: { price: "" }, history: "" }),
    ).toEqual({
      message: "Hi",
      platform: "x",
      limit: 0,
    });
    expect(inputOf(fields, { history: '[{"from":"fan","text":"Hi"}]' })).toEqual({
      history: [{ from: "fan", text: "Hi" }],
    });
  });

  it("says which field's JSON is none", () => {
    expect(() => inputOf(fields, { history: "[" })).toThrow("history is not JSON.");
  });
});
