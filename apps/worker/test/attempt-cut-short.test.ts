import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { AttemptFakes } from "./attempt-fakes.ts";
import { fakesOf, lastTry, noRoom, run } from "./attempt-run.ts";

afterEach(() => {
  jest.useRealTimers();
});

describe("an attempt that another has overtaken", () => {
  const refused = { kind: "refused", errorCode: "unavailable", retryable: true } as const;
  const ends: [string, Partial<Pick<AttemptFakes, "generate" | "notOpened">>][] = [
    ["completes", {}],
    ["fails", { notOpened: noRoom("quota", null) }],
    ["is put off", { generate: () => refused }],
    ["waits for room", { notOpened: { kind: "wait", waitingFor: "quota", requiredUsd: "1" } }],
    ["hears so before it makes a call", { notOpened: { kind: "fenced" } }],
  ];
  it.each(ends)("ends quietly: it %s", async (_name, end) => {
    const fakes = Object.assign(fakesOf({ attempt: 5 }), end, { isOwn: false });
    expect(await run(fakes)).toEqual({ kind: "done", note: "Another attempt has taken it over." });
    expect(fakes.happened("observed").map(([, kind]) => kind)).toEqual(["fenced"]);
    const messages = fakes.logged.map(([level, message]) => `${level}: ${message}`);
    expect(messages).toContain("warn: the job is this attempt's own no more");
    expect(messages).not.toContain("warn: job ended without a result");
  });

  it("writes nothing where it heard so before", async () => {
    const fakes = new AttemptFakes();
    fakes.notOpened = { kind: "fenced" };
    await run(fakes);
    expect(fakes.happened("finish", "put off", "announced")).toEqual([]);
  });
});

describe("an attempt that is ended", () => {
  /** Gemini answers when it is aborted, and not before. @returns what has to be waited for until it is asked */
  function hangs(fakes: AttemptFakes): Promise<AbortSignal> {
    return new Promise((resolve) => {
      fakes.generate = ({ signal }) =>
        new Promise((answered) => {
          const reason = () => (signal.reason === "cancelled" ? "cancelled" : "aborted");
          signal.addEventListener("abort", () => answered({ kind: "lost", reason: reason() }));
          resolve(signal);
        });
    });
  }

  it("has nothing more to say where its job was cancelled", async () => {
    const fakes = new AttemptFakes();
    const asked = hangs(fakes);
    const running = run(fakes);
    await asked;
    fakes.stopAttempt("cancelled");
    expect(await running).toEqual({ kind: "done", note: "It was cancelled." });
    expect(fakes.seen.map(([what]) => what)).toEqual([
      ...[
        "claim",
        "heard of the claim",
        "shown",
        "begun",
        "watched",
        "shown to the end",
        "watched no more",
        "observed",
      ],
    ]);
    expect(fakes.logged).toMatchObject([["info", "job was cancelled while it ran", { jobId: "job_1" }]]);
  });

  it("lets its call be answered for a while where another has its job, aborts it then, and writes nothing", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
    const fakes = new AttemptFakes();
    const asked = hangs(fakes);
    const running = run(fakes);
    const signal = await asked;
    fakes.stopAttempt("taken_over");
    await jest.advanceTimersByTimeAsync(14_999);
    expect(signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await running).toMatchObject({ kind: "done" });
    expect(fakes.happened("finish", "put off", "announced", "observed")).toEqual([
      ["observed", "fenced", undefined],
    ]);
  });

  it("gives its job back at once where the worker stops, which uses up no try", async () => {
    const fakes = fakesOf(lastTry);
    const asked = hangs(fakes);
    const running = run(fakes);
    await asked;
    fakes.stopping.abort();
    expect(await running).toMatchObject({ kind: "done" });
    expect(fakes.happened("put off")).toMatchObject([
      ["put off", { waitingFor: "worker", delayMs: 0, isTry: false }],
    ]);
  });

  it("listens to the worker no longer than it lasts", async () => {
    const fakes = new AttemptFakes();
    await run(fakes);
    expect(getEventListeners(fakes.stopping.signal, "abort")).toEqual([]);
  });

  it("is over when its time is, to the millisecond, and leaves no timer behind", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
    const fakes = new AttemptFakes();
    const asked = hangs(fakes);
    const running = run(fakes, { attemptSeconds: 2.5 });
    const signal = await asked;
    await jest.advanceTimersByTimeAsync(2_499);
    expect(signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(signal.aborted).toBe(true);
    expect(await running).toMatchObject({ kind: "done", note: expect.stringMatching(/^timed_out: /) });
    await run(new AttemptFakes());
    expect(jest.getTimerCount()).toBe(0);
  });
});
