import { describe, expect, it } from "@jest/globals";
import type { JobEnd } from "@understudy/ledger";
import type { WorkerDependencies } from "../src/run-agent-job.ts";
import { AttemptFakes, answer, databaseError } from "./attempt-fakes.ts";
import { away, fakesOf, noRoom, run, testAgent } from "./attempt-run.ts";

describe("a job that completes", () => {
  it("is claimed, run, written down and then announced, each once and in this order", async () => {
    const fakes = fakesOf({ attempt: 4 });
    expect(await run(fakes)).toEqual({ kind: "done" });
    const result = { text: "hello" };
    expect(fakes.seen).toEqual([
      [
        "claim",
        {
          ...{ id: "job_1", generation: 3, timeoutSeconds: testAgent.queue.timeoutSeconds },
          claimId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        },
      ],
      ["heard of the claim"],
      ["shown", "job_1", 4],
      ["begun"],
      ["watched", "job_1", 4],
      ["shown to the end", result],
      ["watched no more", "job_1"],
      [
        "finish",
        { id: "job_1", attempt: 4, status: "completed", result, eventId: expect.stringMatching(/^evt_/) },
      ],
      ["announced", "job_1"],
      ["observed", "completed", undefined],
    ]);
    expect(fakes.logged).toEqual([]);
  });

  it("is done with, and announced, no sooner than its end is written", async () => {
    const fakes = new AttemptFakes();
    let write = (_isOwn: boolean) => {};
    const writing = new Promise<boolean>((resolve) => {
      write = resolve;
    });
    let isDone = false;
    const asked = new Promise<void>((resolve) => {
      const finish = () => {
        resolve();
        return writing;
      };
      void run(fakes, { finish }).then(() => {
        isDone = true;
      });
    });
    await asked;
    await nextTurn();
    expect([isDone, fakes.happened("announced")]).toEqual([false, []]);
    write(true);
    await nextTurn();
    expect([isDone, fakes.happened("announced")]).toEqual([true, [["announced", "job_1"]]]);
  });

  it("is told of under one event id, however often Postgres has to be asked", async () => {
    const fakes = new AttemptFakes();
    const ids: string[] = [];
    const finish: WorkerDependencies["finish"] = async ({ eventId }) => {
      ids.push(eventId);
      if (ids.length === 1) throw away();
      return true;
    };
    expect(await run(fakes, { finish })).toEqual({ kind: "done" });
    expect(ids).toEqual([ids[0], ids[0]]);
    expect(fakes.happened("announced")).toHaveLength(1);
  });

  it("may take as long as operators say, where they say it", async () => {
    const fakes = new AttemptFakes();
    await run(fakes, { attemptSeconds: 7 });
    expect(fakes.happened("claim")).toMatchObject([["claim", { timeoutSeconds: 7 }]]);
    expect(fakes.requests).toMatchObject([{ timeoutSeconds: 7 }]);
  });
});

describe("a delivery whose job is no longer to be run", () => {
  it("is done, and nothing else happens", async () => {
    const fakes = new AttemptFakes();
    fakes.job = undefined;
    expect(await run(fakes)).toEqual({ kind: "done", note: "It runs, has ended, or was dispatched again." });
    expect(fakes.seen.map(([what]) => what)).toEqual(["claim", "heard of the claim"]);
  });

  it("is asked about by the same claim until Postgres answers", async () => {
    const fakes = new AttemptFakes();
    const claimIds: string[] = [];
    const claim: WorkerDependencies["claim"] = async ({ claimId }) => {
      claimIds.push(claimId);
      if (claimIds.length === 1) throw away();
      return undefined;
    };
    expect(await run(fakes, { claim })).toMatchObject({ kind: "done" });
    expect(claimIds).toEqual([claimIds[0], claimIds[0]]);
    await run(fakes, { claim });
    expect(claimIds[2]).not.toBe(claimIds[0]);
  });

  it("is not sent where Postgres does not hear that this worker lives; once sent it stays the same", async () => {
    const fakes = new AttemptFakes();
    await expect(run(fakes, { mayClaim: () => false })).rejects.toThrow("does not hear");
    expect(fakes.seen).toEqual([]);
    const claimIds: string[] = [];
    const claim: WorkerDependencies["claim"] = async ({ claimId }) => {
      claimIds.push(claimId);
      if (claimIds.length < 3) throw away();
      return undefined;
    };
    expect(await run(fakes, { claim, mayClaim: () => claimIds.length === 0 })).toMatchObject({
      kind: "done",
    });
    expect(new Set(claimIds).size).toBe(1);
  });

  it("is in hand from before it is sent until its end is written", async () => {
    const fakes = new AttemptFakes();
    const claim: WorkerDependencies["claim"] = async () => {
      expect([...fakes.inHand]).toEqual(["job_1"]);
      return fakes.job;
    };
    const finish: WorkerDependencies["finish"] = async () => {
      expect([...fakes.inHand]).toEqual(["job_1"]);
      return true;
    };
    expect(await run(fakes, { claim, finish })).toEqual({ kind: "done" });
    expect([...fakes.inHand]).toEqual([]);
    await expect(run(fakes, { mayClaim: () => false })).rejects.toThrow();
    expect([...fakes.inHand]).toEqual([]);
  });

  it("that is committed while the worker stops is given back at once, and pays for nothing", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => ({ kind: "lost", reason: "aborted" }) as never;
    const claim: WorkerDependencies["claim"] = async () => {
      fakes.stopping.abort();
      return fakes.job;
    };
    expect(await run(fakes, { claim })).toMatchObject({ kind: "done" });
    expect(fakes.happened("put off")).toMatchObject([["put off", { waitingFor: "worker", isTry: false }]]);
  });

  it("is given up where the worker stops meanwhile: nobody has it then", async () => {
    const fakes = new AttemptFakes();
    const claim = () => {
      fakes.stopping.abort();
      return Promise.reject(away());
    };
    await expect(run(fakes, { claim })).rejects.toThrow();
    expect(fakes.seen).toEqual([]);
  });
});

describe("a job that can't be run", () => {
  it.each([
    ["expired", { expired: true }, false],
    ["agent_not_found", { agent: "gone" }, false],
  ])("fails as %s without being tried: %j", async (errorCode, job, errorRetryable) => {
    const fakes = fakesOf(job);
    const end = await run(fakes);
    expect(end).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(new RegExp(`^${errorCode}: .+`)),
    });
    expect(fakes.happened("finish")).toMatchObject([
      ["finish", { status: "failed", errorCode, errorMessage: expect.stringMatching(/\.$/), errorRetryable }],
    ]);
    expect(fakes.happened("announced")).toHaveLength(1);
    expect(fakes.happened("shown", "watched")).toEqual([]);
    expect(fakes.requests).toEqual([]);
  });
});

describe("a job that ends without a result", () => {
  it("is written down, announced, observed with its code and logged", async () => {
    const fakes = fakesOf({ input: { prompt: "" } });
    const reason = "agent_error: The agent failed on this input.";
    expect(await run(fakes)).toEqual({ kind: "failed", reason });
    expect(fakes.happened("finish", "announced", "observed", "shown to the end", "watched no more")).toEqual([
      ["shown to the end", undefined],
      ["watched no more", "job_1"],
      [
        "finish",
        {
          ...{ id: "job_1", attempt: 1, status: "failed", eventId: expect.stringMatching(/^evt_/) },
          ...{ errorCode: "agent_error", errorMessage: "The agent failed on this input." },
          ...{ errorRetryable: true, errorResetsAt: undefined, errorStep: undefined },
        },
      ],
      ["announced", "job_1"],
      ["observed", "failed", "agent_error"],
    ]);
    const about = { jobId: "job_1", agent: "test", creatorId: "psy", attempt: 1 };
    expect(fakes.logged).toEqual([
      ["error", "agent failed", { jobId: "job_1", err: expect.any(Error) }],
      ["warn", "job ended without a result", { ...about, status: "failed", errorCode: "agent_error" }],
    ]);
  });

  it("is blocked where Gemini refuses to answer, and not to be tried again", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => answer("", { blockReason: "SAFETY" });
    expect(await run(fakes)).toEqual({
      kind: "failed",
      reason: "safety: The model refused to answer: SAFETY.",
    });
    expect(fakes.happened("finish")).toMatchObject([
      ["finish", { status: "blocked", errorCode: "safety", errorRetryable: false }],
    ]);
    expect(fakes.happened("announced", "observed")).toEqual([
      ["announced", "job_1"],
      ["observed", "blocked", "safety"],
    ]);
    expect(fakes.logged.map(([, message]) => message)).toEqual(["job ended without a result"]);
  });

  it.each([
    ["quota", "quota_exceeded", new Date("2026-12-01")],
    ["key", "budget_exceeded", null],
    ["platform", "budget_exceeded", new Date("2026-12-01")],
  ] as const)(
    "says which bound has no room, and when that begins anew: %s",
    async (bound, errorCode, resetsAt) => {
      const fakes = new AttemptFakes();
      fakes.notOpened = noRoom(bound, resetsAt);
      await run(fakes);
      expect(fakes.happened("finish")).toMatchObject([
        ["finish", { errorCode, errorResetsAt: resetsAt ?? undefined }],
      ]);
      expect(fakes.logged.map(([level]) => level)).toEqual(["warn"]);
      expect(fakes.requests).toEqual([]);
    },
  );

  it("names the step whose answer could not be used", async () => {
    const input = { platform: "instagram", contentInfo: { type: "photo" } };
    const fakes = fakesOf({ agent: "content", input });
    fakes.generate = () => answer("no JSON");
    await run(fakes);
    expect(fakes.happened("finish")).toMatchObject([
      ["finish", { errorCode: "output_invalid", errorStep: "caption", errorRetryable: true }],
    ]);
  });
});

describe("an end that Postgres can't store", () => {
  it("is written as another one, under the same event: the job fails for that, and not the agent", async () => {
    const fakes = new AttemptFakes();
    const written: JobEnd[] = [];
    const finish: WorkerDependencies["finish"] = async (end) => {
      written.push(end);
      if (end.status === "completed") throw databaseError("22P05");
      return true;
    };
    expect(await run(fakes, { finish })).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(/^not_storable: .*22P05/),
    });
    expect(written).toMatchObject([
      { status: "completed" },
      { status: "failed", errorCode: "not_storable", errorRetryable: true, eventId: written[0]?.eventId },
    ]);
    expect(fakes.happened("announced", "alert")).toEqual([
      ["announced", "job_1"],
      ["alert", "job_1", "22P05"],
    ]);
    expect(fakes.logged.map(([level]) => level)).toEqual(["error", "warn"]);
  });
});

describe("an end that can't be written for a fault of ours", () => {
  it("has the job put off, which uses up a try, and does not wait for its deadline", async () => {
    const fakes = new AttemptFakes();
    const end = await run(fakes, { finish: () => Promise.reject(new Error("a fault of ours")) });
    expect(end).toEqual({ kind: "done", note: "Its end could not be written." });
    expect(fakes.happened("put off", "observed")).toEqual([
      ["put off", { id: "job_1", attempt: 1, waitingFor: "worker", delayMs: 10_000, isTry: true }],
      ["observed", "completed", undefined],
    ]);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
