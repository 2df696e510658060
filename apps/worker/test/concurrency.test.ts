import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { describe, expect, it } from "@jest/globals";
import { concurrencyFor, heapBytesMax } from "../src/concurrency.ts";

describe("jobs at once", () => {
  it("are 500 where the heap may have a gibibyte, and fewer where it is smaller", () => {
    expect(concurrencyFor(4 * 2 ** 30)).toBe(500);
    expect(concurrencyFor(2 ** 30)).toBe(500);
    expect(concurrencyFor(2 ** 30 - 1)).toBe(100);
  });

  it("are as many as the part of the memory allows that each of several processes has", () => {
    expect(heapBytesMax(1)).toBe(getHeapStatistics().heap_size_limit);
    expect(heapBytesMax(64)).toBeLessThanOrEqual(totalmem() / 2 / 64);
    expect(heapBytesMax(4)).toBeLessThanOrEqual(heapBytesMax(2));
  });
});
