import { describe, expect, it } from "@jest/globals";
import { concurrencyFor } from "../src/concurrency.ts";

describe("jobs at once", () => {
  it("are 500 where the heap may have a gibibyte, and fewer where it is smaller", () => {
    expect(concurrencyFor(4 * 2 ** 30)).toBe(500);
    expect(concurrencyFor(2 ** 30)).toBe(500);
    expect(concurrencyFor(2 ** 30 - 1)).toBe(100);
  });
});
