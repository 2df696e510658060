import { describe, expect, it } from "@jest/globals";
import { AttemptFakes, answer } from "./attempt-fakes.ts";
import { away, fakesOf, lastTry, run } from "./attempt-run.ts";

describe("a job that is put off", () => {
  const refused = { kind: "refused", httpStatus: 503, errorCode: "unavailable", retryable: true } as const;

  it("is tried again, unannounced, where Gemini may answer another time", async () => {
    const fakes = fakesOf({ attempt: 2 });
    fakes.generate = () => refused;
    const note = "provider_unavailable: The model's API answered 503 (unavailable).";
    expect(await run(fakes)).toEqual({ kind: "done", note });
    const delayMs = expect.any(Number);
    expect(fakes.happened("put off", "finish", "announced", "observed")).toEqual([
      ["put off", { id: "job_1", attempt: 2, waitingFor: "provider", delayMs, isTry: true }],
      ["observed", "try_again", "provider_unavailable"],
    ]);
    expect(fakes.logged).toMatchObject([["info", "job is put off", { kind: "try_again" }]]);
  });

  it.each([
    [0, 1_000],
    [3, 8_000],
  ])("after %i tries within %i ms, by chance: they don't come back together", async (tries, mostMs) => {
    const delays: number[] = [];
    for (let count = 0; count < 20; count++) {
      const fakes = fakesOf({ tries });
      fakes.generate = () => refused;
      await run(fakes);
      const [[, putOff] = []] = fakes.happened("put off");
      delays.push((putOff as { delayMs: number }).delayMs);
    }
    expect(Math.max(...delays)).toBeLessThanOrEqual(mostMs);
    expect(Math.max(...delays)).toBeGreaterThan(mostMs / 2);
    expect(Math.min(...delays)).toBeLessThan(mostMs / 2);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it("fails with the same when no try is left, and may be tried again by whoever wants it", async () => {
    const fakes = fakesOf(lastTry);
    fakes.generate = () => refused;
    expect(await run(fakes)).toMatchObject({ kind: "failed" });
    expect(fakes.happened("put off", "finish", "announced")).toMatchObject([
      [
        "finish",
        {
          ...{ status: "failed", errorCode: "provider_unavailable", errorRetryable: true },
          errorMessage: "The model's API answered 503 (unavailable).",
        },
      ],
      ["announced", "job_1"],
    ]);
  });

  it("is tried again while one try is left", async () => {
    const fakes = fakesOf({ tries: lastTry.tries - 1 });
    fakes.generate = () => refused;
    await run(fakes);
    expect(fakes.happened("put off", "finish").map(([what]) => what)).toEqual(["put off"]);
  });

  it("uses up no try, also from its last attempt, while its model can't be called", async () => {
    const fakes = fakesOf(lastTry);
    const wait = { kind: "wait", why: "paused", delayMs: 7_000 };
    fakes.modelGate = { admit: async () => wait } as never;
    expect(await run(fakes)).toEqual({ kind: "done", note: "It waits for the provider." });
    expect(fakes.happened("put off", "finish", "announced", "observed")).toEqual([
      ["put off", { id: "job_1", attempt: 1, waitingFor: "provider", delayMs: 7_000, isTry: false }],
      ["observed", "put_off", undefined],
    ]);
  });

  it.each(["quota", "paused"] as const)(
    "leaves its queue where it waits for room: %s",
    async (waitingFor) => {
      const fakes = new AttemptFakes();
      fakes.notOpened = { kind: "wait", waitingFor, requiredUsd: "1.5" };
      expect(await run(fakes)).toEqual({ kind: "done", note: "It waits for room." });
      expect(fakes.happened("put off", "finish", "announced", "observed")).toEqual([
        ["put off", { id: "job_1", attempt: 1, waitingFor, neededUsd: "1.5", isTry: false }],
        ["observed", "wait_for_room", undefined],
      ]);
      expect(fakes.logged).toMatchObject([["info", "job waits for room", { waitingFor, neededUsd: "1.5" }]]);
    },
  );

  it.each([
    ["is tried again", () => refused, undefined],
    ["waits for room", () => answer("hello"), { kind: "wait", waitingFor: "quota", requiredUsd: "1" }],
  ] as const)("is so once Postgres has it: %s", async (_name, generate, notOpened) => {
    const fakes = new AttemptFakes();
    fakes.generate = generate;
    fakes.notOpened = notOpened;
    let asked = 0;
    await run(fakes, {
      putOff: async () => {
        asked += 1;
        if (asked === 1) throw away();
        return true;
      },
    });
    expect(asked).toBe(2);
  });
});
