import { describe, it } from "@jest/globals";
import { runAgainstQuota } from "./quota-run.ts";

describe("1,000 jobs at concurrency 100 on two workers against a quota of $10", () => {
  it("never pass it, use what fits, and all end", () =>
    runAgainstQuota({ jobs: 1_000, quotaUsd: "10", kills: 0 }));

  it(
    "also when workers are killed five times",
    () => runAgainstQuota({ jobs: 1_000, quotaUsd: "10", kills: 5 }),
    400_000,
  );
});
