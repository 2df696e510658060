import { describe, expect, test } from "@jest/globals";
import {
  type BillCall,
  type Books,
  isPriced,
  type LedgerCall,
  reconcile,
  reconcileJobs,
} from "../reconcile.ts";

const since = new Date("2026-11-22T12:00:00Z");

/** Of gemini-2.5-flash: 1,000 tokens in and 500 out cost $0.00155 (gemini.md, "Vectors"). */
function entry(callId: string | null, over: Partial<BillCall> = {}): BillCall {
  return {
    id: `bill-${callId}`,
    callId,
    at: "2026-11-22T12:00:05Z",
    method: "generateContent",
    model: "gemini-2.5-flash",
    status: 200,
    serviceTier: "standard",
    usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 500 },
    ...over,
  };
}

function row(id: string, over: Partial<LedgerCall> = {}): LedgerCall {
  return { id, jobId: "job_1", status: "settled", costUsd: "0.00155", holdUsd: "0.01", ...over };
}

function booksWith(over: Partial<Books>): Books {
  return { ledger: [], bill: [], isKnownCall: () => false, since, jobCosts: new Map(), ...over };
}

const refused: Partial<BillCall> = { status: 429, usageMetadata: null };

describe("books that agree", () => {
  test("settled to the last digit, released with and without a refusal, unknown within its bound", () => {
    const found = reconcile(
      booksWith({
        ledger: [
          row("a"),
          row("b", { jobId: "job_2", costUsd: "0.001550000000" }),
          row("c", { status: "released", costUsd: null }),
          row("d", { status: "released", costUsd: null }),
          row("e", { status: "unknown", costUsd: null, holdUsd: "0.00155" }),
          row("f", { status: "unknown", costUsd: null, holdUsd: "0.002" }),
        ],
        bill: [entry("a"), entry("b"), entry("c", refused), entry("e")],
        jobCosts: new Map([
          ["job_1", "0.00155"],
          ["job_2", "0.00155"],
        ]),
      }),
    );
    expect(found).toEqual({
      ledgerUsd: "0.0031",
      billUsd: "0.0031",
      jobsUsd: "0.0031",
      settled: 2,
      released: 2,
      unknown: 2,
      unknownUsd: "0.00355",
      mismatches: [],
    });
  });

  test("entries of other runs are no affair of ours", () => {
    const bill = [
      entry("old", { at: "2026-11-22T11:59:59.999Z" }),
      entry("other"),
      entry("other"),
      entry(null, { method: "countTokens" }),
    ];
    expect(reconcile(booksWith({ bill, isKnownCall: (id) => id === "other" })).mismatches).toEqual([]);
  });
});

describe("books that don't", () => {
  const whatOf = (over: Partial<Books>) => reconcile(booksWith(over)).mismatches.map(({ what }) => what);
  const jobCosts = new Map([["job_1", "0.00155"]]);

  test("a cost that is wrong by the last digit", () => {
    const ledger = [row("a", { costUsd: "0.001550000001" })];
    const found = reconcile(
      booksWith({ ledger, bill: [entry("a")], jobCosts: new Map([["job_1", "0.001550000001"]]) }),
    );
    expect(found.mismatches).toEqual([
      { what: "another cost", callId: "a", jobId: "job_1", ledger: "0.001550000001", bill: "0.00155" },
    ]);
    expect([found.ledgerUsd, found.billUsd]).toEqual(["0.001550000001", "0.00155"]);
  });

  test("an entry without a row, also one without a call id and one that was refused", () => {
    const what = "billed (HTTP 200), but not in the ledger";
    expect(whatOf({ bill: [entry("x")] })).toEqual([what]);
    expect(whatOf({ bill: [entry(null)] })).toEqual([what]);
    expect(whatOf({ bill: [entry("x", refused)] })).toEqual(["billed (HTTP 429), but not in the ledger"]);
  });

  test("a settled row without an entry, or without a cost", () => {
    expect(whatOf({ ledger: [row("a")], jobCosts })).toEqual(["settled, but not in the bill"]);
    expect(whatOf({ ledger: [row("a", { costUsd: null })], bill: [entry("a")] })).toEqual([
      "settled without a cost",
    ]);
  });

  test("a released row whose call was answered", () => {
    const ledger = [row("a", { status: "released", costUsd: null })];
    expect(whatOf({ ledger, bill: [entry("a")] })).toEqual(["released, but answered (HTTP 200)"]);
  });

  test("an unknown row whose bound is too small, by the last digit", () => {
    const ledger = [row("a", { status: "unknown", costUsd: null, holdUsd: "0.001549999999" })];
    expect(whatOf({ ledger, bill: [entry("a")] })).toEqual(["unknown, and its bound is too small"]);
  });

  test("a row that is still open", () => {
    expect(whatOf({ ledger: [row("a", { status: "started", costUsd: null })] })).toEqual([
      "still open (started)",
    ]);
  });

  test("duplicates in the bill and in the ledger", () => {
    expect(whatOf({ ledger: [row("a")], bill: [entry("a"), entry("a")], jobCosts })).toEqual([
      "twice in the bill",
    ]);
    const twice = new Map([["job_1", "0.0031"]]);
    expect(whatOf({ ledger: [row("a"), row("a")], bill: [entry("a")], jobCosts: twice })).toEqual([
      "twice in the ledger",
    ]);
  });

  test("a job whose own cost isn't that of its calls", () => {
    const found = reconcile(
      booksWith({ ledger: [row("a")], bill: [entry("a")], jobCosts: new Map([["job_1", "0.0031"]]) }),
    );
    expect(found.mismatches).toEqual([
      { what: "the job says it cost $0.0031, its calls", jobId: "job_1", ledger: "0.00155" },
    ]);
    expect(found.jobsUsd).toBe("0.0031");
  });

  test("an entry that can't be priced", () => {
    const [mismatch] = reconcile(
      booksWith({ ledger: [row("a")], bill: [entry("a", { model: "gemini-9" })], jobCosts }),
    ).mismatches;
    expect(mismatch?.what).toMatch(/can't be priced: no price is known for the model gemini-9/);
  });
});

test("without a bill the ledger is compared with the jobs alone", () => {
  const ledger = [row("a"), row("b", { status: "started", costUsd: null })];
  const found = reconcileJobs(ledger, new Map([["job_1", "0.00155"]]));
  expect(found).toMatchObject({ ledgerUsd: "0.00155", jobsUsd: "0.00155", settled: 1 });
  expect(found.mismatches.map(({ what }) => what)).toEqual(["still open (started)"]);
});

test("the free model is free, an unknown one is not", () => {
  const models = ["gemini-2.0-flash-exp", "gemini-2.5-flash", "gemini-9"];
  expect(models.map((model) => isPriced(model, since.toISOString()))).toEqual([false, true, true]);
});
