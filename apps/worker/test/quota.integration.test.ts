import { describe, it } from "@jest/globals";
import { runAgainstQuota } from "./quota-run.ts";

// At full scale: quota.long.test.ts.
describe("more jobs than a quota has room for", () => {
  it("never pass it, use what fits, and all end, also when a worker is killed", () =>
    runAgainstQuota({ jobs: 200, quotaUsd: "2", kills: 1 }));
});
