import { describe, expect, it } from "@jest/globals";
import { compareUsd, formatUsd, formatUsdShort, isUsd, percentOf, sumUsd } from "../src/money/usd.ts";

describe("money", () => {
  it("loses no digit of a decimal string", () => {
    expect(formatUsd("123456789012.123456789012")).toBe("$123,456,789,012.123456789012");
    expect(formatUsd("0")).toBe("$0.00");
    expect(formatUsd("999")).toBe("$999.00");
    expect(formatUsd("1000")).toBe("$1,000.00");
    expect(formatUsd("1234.5")).toBe("$1,234.50");
    expect(formatUsd("-0.25")).toBe("−$0.25");
    expect(formatUsd("-1234567")).toBe("−$1,234,567.00");
  });

  it.each([
    ["1234.567", "$1,234.57"],
    ["-1234.567", "−$1,234.57"],
    ["1", "$1.00"],
    ["0.9994", "$0.999"],
    ["0.00024291", "$0.000243"],
    ["0.000000000001", "$0.000000000001"],
    ["0", "$0.00"],
  ])("is rounded at a glance only: %s as %s", (amount, short) => {
    expect(formatUsdShort(amount)).toBe(short);
  });

  it("is rounded half up to cents, which floats would not do", () => {
    expect(formatUsdShort("1.005")).toBe("$1.01");
    expect((1.005).toFixed(2)).toBe("1.00");
  });

  describe.each([
    ["as they are", (sum: number) => String(sum)],
    ["rounded to twelve decimals", (sum: number) => String(Number(sum.toFixed(12)))],
  ])("adds up what floats would not, %s", (_name, written) => {
    it.each([
      { amounts: ["123456789012", "0.000000000001"], sum: "123456789012.000000000001" },
      { amounts: ["1000000.000000000001", "0.000000000002", "-1"], sum: "999999.000000000003" },
      { amounts: ["999999999999.999999999998", "0.000000000001"], sum: "999999999999.999999999999" },
      { amounts: Array(10).fill("90071992547.409931"), sum: "900719925474.09931" },
    ])("$sum", ({ amounts, sum }) => {
      expect(sumUsd(amounts)).toBe(sum);
      const byFloats = amounts.reduce((all, amount) => all + Number(amount), 0);
      expect(written(byFloats)).not.toBe(sum);
    });
  });

  it("adds up without an exponent, and nothing to nothing", () => {
    expect(sumUsd(["0.1", "0.2"])).toBe("0.3");
    expect(sumUsd(["0.000000000001", "0.000000000002"])).toBe("0.000000000003");
    expect(sumUsd([])).toBe("0");
  });

  it("compares by value, to the last digit, which floats would not", () => {
    expect(compareUsd("9", "10")).toBeLessThan(0);
    expect(compareUsd("10", "9")).toBeGreaterThan(0);
    expect(compareUsd("1.50", "1.5")).toBe(0);
    const [less, more] = ["123456789012.000000000001", "123456789012.000000000002"];
    expect(compareUsd(less, more)).toBeLessThan(0);
    expect(Number(less)).toBe(Number(more));
  });

  it.each([
    ["1", "3", "33.3"],
    ["2", "1", "200"],
    ["1", "1000", "0.1"],
    ["0.00045", "1", "0"],
    ["0.0005", "1", "0.1"],
    ["0", "5", "0"],
    ["1", "0", "0"],
  ])("%s of %s are %s percent", (part, whole, percent) => {
    expect(percentOf(part, whole)).toBe(percent);
    expect(percentOf(Number(part), Number(whole))).toBe(percent);
  });

  it.each(["0", "12.5", "123456789012.123456789012"])("is %s for the API", (text) => {
    expect(isUsd(text)).toBe(true);
  });

  it.each(["", "-1", "1.", ".5", "1e3", " 1", "1,5", "1234567890123", "0.1234567890123"])(
    'is not "%s" for the API',
    (text) => {
      expect(isUsd(text)).toBe(false);
    },
  );
});
