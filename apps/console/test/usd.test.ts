import { describe, expect, it } from "@jest/globals";
import { compareUsd, formatUsd, formatUsdShort, percentOf, sumUsd } from "../src/money/usd.ts";

describe("money", () => {
  it("loses no digit of a decimal string", () => {
    expect(formatUsd("123456789012.123456789012")).toBe("$123,456,789,012.123456789012");
    expect(formatUsd("0")).toBe("$0.00");
    expect(formatUsd("1234.5")).toBe("$1,234.50");
    expect(formatUsd("-0.25")).toBe("−$0.25");
  });

  it("is rounded at a glance only", () => {
    expect(formatUsdShort("1234.567")).toBe("$1,234.57");
    expect(formatUsdShort("0.00024291")).toBe("$0.000243");
    expect(formatUsdShort("0")).toBe("$0.00");
  });

  it("adds up what floats would not", () => {
    expect(sumUsd(["0.1", "0.2", "0.000000000001"])).toBe("0.300000000001");
    expect(sumUsd([])).toBe("0");
  });

  it("compares by value, and is nothing of nothing", () => {
    expect(compareUsd("9", "10")).toBeLessThan(0);
    expect(percentOf("1", "3")).toBe("33.3");
    expect(percentOf("1", "0")).toBe("0");
  });
});
