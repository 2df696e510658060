import { describe, expect, test } from "@jest/globals";
import { progressLine, timeLeft } from "../progress.ts";
import type { Reconciliation } from "../reconcile.ts";
import { percentile, reconciliationText, Summary } from "../summary.ts";
import { compareUsd, sumUsd } from "../usd.ts";
import { jobWith, messageAt } from "./jobs.ts";

test("percentiles are by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(hundred, 50), percentile(hundred, 99), percentile(hundred, 100)]).toEqual([50, 99, 100]);
  expect([percentile([7], 50), percentile([7], 99), percentile([], 50)]).toEqual([7, 7, undefined]);
  expect(percentile([10, 9], 50)).toBe(9);
  expect(percentile([1, 2, 3], 50)).toBe(2);
});

test("money is added up exactly and shown without an exponent", () => {
  expect(sumUsd(["0.1", "0.2"])).toBe("0.3");
  expect(sumUsd(["999999999999.999999999999", "0.000000000001"])).toBe("1000000000000");
  expect(sumUsd(["0.000000000001"])).toBe("0.000000000001");
  expect(sumUsd([])).toBe("0");
  expect(compareUsd("0.10", "0.1")).toBe(0);
});

describe("the summary", () => {
  test("adds up by creator and in total, and lists the rows that came to nothing", () => {
    const summary = new Summary();
    summary.add(messageAt(0), { kind: "ended", job: jobWith() });
    summary.add(messageAt(1), { kind: "ended", job: jobWith({ id: "job_2", status: "blocked" }) });
    const error = { code: "output_invalid", message: "no JSON", retryable: true };
    summary.add(messageAt(2, { creatorId: "lmfao" }), {
      kind: "ended",
      job: jobWith({ id: "job_3", status: "failed", error }),
    });
    summary.add(messageAt(3), { kind: "unfinished", jobId: "job_4", code: "job_not_found" });
    for (let position = 4; position < 16; position++) {
      summary.add(messageAt(position), { kind: "skipped", code: "empty_text" });
    }
    summary.add(messageAt(16), { kind: "notAccepted", code: "quota_exceeded", detail: "no room" });

    expect(summary.total).toMatchObject({
      accepted: 4,
      completed: 1,
      failed: 1,
      blocked: 1,
      unfinished: 1,
      inputTokens: 30,
      cachedTokens: 12,
      outputTokens: 9,
      thoughtTokens: 6,
      costUsd: "0.00465",
    });
    const text = summary.toString();
    expect(text).toMatch(/psy +│ +3 │ +1 │ +0 │ +1 │ +1 │ +20 │ +8 │ +6 │ +4 │ +0\.0031 │ +250 │ +250/);
    expect(text).toContain(
      "12 rows skipped: empty_text, on lines 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, and 2 more",
    );
    expect(text).toContain("1 row not accepted: quota_exceeded, on line 18 (no room)");
    expect(text).toContain("1 row failed: output_invalid, on line 4 (no JSON)");
    expect([...summary.jobCosts.keys()]).toEqual(["job_1", "job_2", "job_3"]);
  });

  test("of many creators the first fifty have a line, the others one together", () => {
    const summary = new Summary();
    for (let position = 0; position < 60; position++) {
      summary.add(messageAt(position, { creatorId: `c${position}` }), { kind: "ended", job: jobWith() });
    }
    expect(summary.toString()).toMatch(/10 others +│ +10 │/);
  });
});

describe("the comparison in words", () => {
  const found: Reconciliation = {
    ledgerUsd: "0.5",
    billUsd: "0.5",
    jobsUsd: "0.5",
    settled: 1234,
    released: 0,
    unknown: 0,
    unknownUsd: "0",
    mismatches: [],
  };

  test("says what is equal, and what is not", () => {
    expect(reconciliationText(found, true)).toBe("ledger $0.5 = bill $0.5 (1,234 calls)");
    const mismatches = Array.from({ length: 25 }, (_, index) => ({
      what: "another cost",
      callId: `call_${index}`,
    }));
    const text = reconciliationText({ ...found, billUsd: "0.4", mismatches }, true);
    expect(text).toContain("ledger $0.5 ≠ bill $0.4 (1,234 calls)");
    expect(text).toContain("25 mismatches:");
    expect(text).toContain("call_19");
    expect(text).not.toContain("call_20");
    expect(text).toContain("… and 5 more");
  });

  test("says when the bill wasn't checked", () => {
    expect(reconciliationText(found, false)).toContain("the bill wasn't checked");
  });
});

test("a plain line of progress", () => {
  const counts = { total: 1586, accepted: 800, ended: 640, waitingFor: new Map<string, number>() };
  expect(progressLine(counts, 160)).toBe("accepted 800/1586, ended 640 (160/s), about 6 s left");
  expect(progressLine({ ...counts, waitingFor: new Map([["token", 2]]) }, 0)).toBe(
    "accepted 800/1586, ended 640 (0/s), waiting for the creators' buckets (see --rate-per-hour)",
  );
  expect([timeLeft(0, 1), timeLeft(6000, 10), timeLeft(72_000, 1)]).toEqual([
    "",
    "about 10 min left",
    "about 20 h left",
  ]);
});
