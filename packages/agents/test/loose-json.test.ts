import { describe, expect, it } from "@jest/globals";
import { looseJson } from "../src/loose-json.ts";

const accepts = (value: unknown, bounds = {}) => looseJson(bounds).safeParse(value).success;

/** So many lists, or objects, within each other. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  return levels === 0 ? 1 : wrap(nested(levels - 1, wrap));
}

describe("looseJson", () => {
  it.each([[null], [true], [false], [0], [-1.5], [""], ["text"], [[]], [{}], [{ a: [1, null, { b: "c" }] }]])(
    "takes %j",
    (value) => {
      expect(looseJson().parse(value)).toEqual(value);
    },
  );

  it.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [1n], [Symbol("x")], [() => 1]])(
    "takes nothing that is no JSON: %p",
    (value) => {
      expect(accepts(value)).toBe(false);
      expect(accepts([1, value])).toBe(false);
      expect(accepts({ a: value, b: 1 })).toBe(false);
    },
  );

  it("takes eight levels of lists and objects, and no more", () => {
    for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => ({ inner })]) {
      expect(accepts(nested(8, wrap))).toBe(true);
      expect(accepts(nested(9, wrap))).toBe(false);
    }
    expect(accepts([1], { depthMax: 1 })).toBe(true);
    expect(accepts([[]], { depthMax: 1 })).toBe(false);
  });

  it("counts every value, lists and objects among them", () => {
    expect(accepts(Array(4999).fill(1))).toBe(true);
    expect(accepts(Array(5000).fill(1))).toBe(false);
    expect(accepts([1, { a: 2 }], { valuesMax: 4 })).toBe(true);
    expect(accepts([1, { a: 2 }], { valuesMax: 3 })).toBe(false);
    expect(accepts("x", { valuesMax: 0 })).toBe(false);
  });

  it("bounds each text and each name", () => {
    const [most, more] = ["x".repeat(4000), "x".repeat(4001)];
    expect([most, { [most]: most }, ["a", most]].map((value) => accepts(value))).toEqual([true, true, true]);
    expect(accepts(more)).toBe(false);
    expect(accepts({ a: 1, [more]: 1 })).toBe(false);
    expect(accepts(["a", more, "b"])).toBe(false);
    expect(accepts({ a: "abc" }, { textMax: 2 })).toBe(false);
  });

  it("says what it takes", () => {
    const { error } = looseJson({ valuesMax: 3 }).safeParse([1, 2, 3]);
    expect(error?.issues[0]?.message).toMatch(/8 levels.* 3 values.* 4000/);
  });
});
