import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { worstExcess, worstExcessByPairs } from "./release-record.ts";
import { playReleases } from "./release-run.ts";

describe("a bucket's promise", () => {
  it("holds in every window, whatever happens: no more than its burst and the tokens that came", async () => {
    await playReleases(12);
  });

  it("is judged over all windows, in one pass", () => {
    const times = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 });
    const changes = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 1000 }),
        interval: fc.integer({ min: 1, max: 100 }),
        burst: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 6 },
    );
    const history = fc.tuple(times, changes).map(([at, terms]) => ({
      terms: [{ at: 0, interval: 10, burst: 2 }, ...terms].sort((a, b) => a.at - b.at),
      releases: at.sort((a, b) => a - b).map((at) => ({ at, entry: "", isInLife: 0 })),
    }));
    fc.assert(
      fc.property(history, (record) => {
        expect(worstExcess(record)).toBeCloseTo(worstExcessByPairs(record), 9);
      }),
    );
  });

  it("is judged broken by one release too many, and kept without it", () => {
    const terms = [{ at: 0, interval: 100, burst: 3 }];
    const releasesAt = (...times: number[]) => times.map((at) => ({ at, entry: "", isInLife: 0 }));
    expect(worstExcess({ terms, releases: releasesAt(0, 0, 0, 100, 200) })).toBeLessThanOrEqual(0);
    expect(worstExcess({ terms, releases: releasesAt(0, 0, 0, 100, 200, 299) })).toBeGreaterThan(0);
    // Hours of rest save no more than the burst.
    expect(worstExcess({ terms, releases: releasesAt(0, 9e6, 9e6, 9e6, 9e6) })).toBeGreaterThan(0.9);
  });
});
