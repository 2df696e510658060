import { describe, expect, it } from "@jest/globals";
import { NotStorableError } from "@understudy/database";
import {
  type AttemptEnd,
  AttemptEnded,
  endsAttempt,
  endWithoutAnswer,
  readThrown,
  wordOfThrown,
} from "../src/attempt-end.ts";
import { databaseError } from "./attempt-fakes.ts";

type WithoutAnswer = Parameters<typeof endWithoutAnswer>[0];

const endOf = (outcome: WithoutAnswer, stopping = false) => endWithoutAnswer(outcome, "chat/draft", stopping);

describe("what an agent's run has thrown decides how the attempt ends", () => {
  it.each([
    ["Postgres shuts down", "57P01", 1_000],
    ["is read-only", "25006", 1_000],
    ["takes the password no more", "28P01", 1_000],
    ["says what nobody knows", "XX000", 1_000],
    ["does not know our statement yet", "42703", 10_000],
  ])("put off, which uses up no try: Postgres %s (%s)", (_name, state, delayMs) => {
    const putOff = { kind: "put_off", delayMs, waitingFor: "worker" };
    const error = databaseError(state);
    expect(readThrown(error)).toEqual(putOff);
  });

  it.each(["22P05", "23514", "21000", "54000", "P0001"])(
    "failed for its data, not for its agent: %s",
    (state) => {
      expect(readThrown(databaseError(state))).toEqual({
        ...{ kind: "failed", code: "not_storable", retryable: true, sqlState: state },
        message: expect.stringContaining(state),
      });
    },
  );

  it("failed for its data where Postgres refuses it for long while it takes others", () => {
    const error = new NotStorableError(databaseError("XX001"));
    expect(readThrown(error)).toMatchObject({
      code: "not_storable",
      message: expect.stringContaining("XX001"),
    });
  });

  it("given back at once where the worker stops", () => {
    const lost = { kind: "lost", reason: "aborted" } as const;
    expect(endOf(lost, true)).toEqual({ kind: "put_off", delayMs: 0, waitingFor: "worker" });
    expect(endOf(lost)).toMatchObject({ kind: "try_again", code: "timed_out" });
  });

  it.each(["paused", "rate", "breaker"] as const)("put off while the model can't be called: %s", (why) => {
    const stopped: WithoutAnswer = { kind: "model_wait", delayMs: 7_000, why };
    expect(endOf(stopped)).toEqual({
      kind: "put_off",
      delayMs: 7_000,
      waitingFor: "provider",
    });
  });

  it("as it was decided where a step had no answer", () => {
    const end: AttemptEnd = { kind: "put_off", delayMs: 7, waitingFor: "provider" };
    expect(readThrown(new AttemptEnded(end))).toBe(end);
    expect(wordOfThrown(new AttemptEnded(end))).toBe("put_off");
    expect(wordOfThrown(new AttemptEnded(endOf({ kind: "lost", reason: "timeout" })))).toBe("timed_out");
    expect(wordOfThrown(new TypeError("secret"))).toBe("agent_error");
  });

  it("failed, without a word of what went wrong inside, for a fault in the agent", () => {
    const end = readThrown(new TypeError("secret"));
    const message = "The agent failed on this input.";
    expect(end).toEqual({ kind: "failed", code: "agent_error", message, retryable: true });
  });

  it("fenced off, or waiting for room, as it is told", () => {
    expect(endOf({ kind: "fenced" })).toEqual({ kind: "fenced" });
    for (const waitingFor of ["quota", "paused"] as const) {
      const stopped: WithoutAnswer = { kind: "wait", waitingFor, requiredUsd: "1.5" };
      expect(endOf(stopped)).toEqual({ kind: "wait_for_room", waitingFor, neededUsd: "1.5" });
    }
  });

  it.each([
    [[], "The model refused to answer: SAFETY."],
    [["HARM_A", "HARM_B"], "The model refused to answer: SAFETY, HARM_A, HARM_B."],
  ])("blocked, with the harm that Gemini names: %j", (harmCategories, message) => {
    const stopped: WithoutAnswer = { kind: "blocked", reason: "SAFETY", harmCategories };
    expect(endOf(stopped)).toEqual({ kind: "blocked", code: "safety", message });
  });

  it.each([
    [["confidence: too_big", "response: too_small"], false, "confidence: too_big"],
    [["confidence: too_big"], true, "cut off at its token limit"],
    [[], false, ""],
  ])(
    "failed for an answer that fits no schema, with its first fault: %j, cut off: %s",
    (faults, isCutOff, fault) => {
      const outcome = { kind: "output_invalid", faults, isCutOff, answer: "secret" } as const;
      const end = {
        ...{ kind: "failed", code: "output_invalid", retryable: true },
        message: `The model's answer does not fit its schema (${fault}).`,
      };
      expect(endOf(outcome)).toEqual({ ...end, step: "chat/draft" });
    },
  );

  it("failed for good where the model has no price", () => {
    const stopped: WithoutAnswer = { kind: "unknown_model", model: "ultra", models: ["a", "b"] };
    expect(endOf(stopped)).toEqual({
      ...{ kind: "failed", code: "unknown_model", retryable: false },
      message: "ultra is not registered, has no price, or is retired. Those that can be called: a, b.",
    });
  });

  it.each([
    [503, "unavailable", true, "try_again", "provider_unavailable", "503 (unavailable)"],
    [undefined, "unreachable", true, "try_again", "provider_unavailable", "nothing (unreachable)"],
    [400, "invalid_argument", false, "failed", "provider_refused", "400 (invalid_argument)"],
  ])("by what Gemini's API has refused: %s %s", (httpStatus, errorCode, retryable, kind, code, said) => {
    const refused = { kind: "refused", errorCode, retryable, ...(httpStatus && { httpStatus }) } as const;
    expect(endOf(refused)).toEqual({
      ...{ kind, code, message: `The model's API answered ${said}.` },
      ...(retryable ? { waitingFor: "provider" } : { retryable: false }),
    });
  });

  it("failed where the provider has none of the models: operators may name another", () => {
    const refused = { kind: "refused", httpStatus: 404, errorCode: "not_found", retryable: false } as const;
    expect(endOf(refused)).toEqual({
      ...{ kind: "failed", code: "model_unavailable", retryable: true },
      message: "The model's API answered 404 (not_found).",
    });
  });

  it.each([
    ["connection", "provider_unavailable"],
    ["timeout", "timed_out"],
    ["aborted", "timed_out"],
  ] as const)("worth another attempt where the answer was lost: %s", (reason, code) => {
    expect(endOf({ kind: "lost", reason })).toEqual({
      ...{ kind: "try_again", code, waitingFor: "provider" },
      message: `The model's answer was lost (${reason}).`,
    });
  });
});

describe("a bound that has no room", () => {
  const amounts = {
    kind: "no_room",
    plan: "starter",
    requiredUsd: "20",
    limitUsd: "10.000000000000",
    spentUsd: "9.99",
    heldUsd: "0.000000000000",
    unknownUsd: "0.5",
  } as const;
  const resetsAt = new Date("2026-12-01T00:00:00Z");

  it.each([
    ["quota", "quota_exceeded", "The creator's monthly quota"],
    ["key", "budget_exceeded", "The API key's budget"],
    ["platform", "budget_exceeded", "The platform's monthly budget"],
  ] as const)("is told with the figures, and when it begins anew: %s", (bound, code, name) => {
    const figures = "of $10 has no room for $20: $9.99 spent, $0 held, $0.5 unknown.";
    const end = { kind: "failed", code, message: `${name} ${figures}`, retryable: true };
    const reads = (reset: Date | null) => endOf({ ...amounts, bound, resetsAt: reset });
    expect(reads(null)).toEqual(end);
    expect(reads(resetsAt)).toEqual({
      ...end,
      message: `${end.message} It resets at 2026-12-01T00:00:00.000Z.`,
      resetsAt,
    });
  });
});

describe("what ends an attempt, whatever the agent could do without", () => {
  const running = new AbortController().signal;
  const over = AbortSignal.abort();

  it.each([
    ["the attempt's end", over, new Error("x"), true],
    ["Postgres' being away", running, databaseError("57P01"), true],
    ["a statement that Postgres does not know", running, databaseError("42P01"), true],
    ["data that can't be stored", running, databaseError("22P05"), false],
    ["another attempt's having the job", running, new AttemptEnded({ kind: "fenced" }), true],
    ["a lost answer", running, new AttemptEnded(endOf({ kind: "lost", reason: "timeout" })), false],
    ["a fault in the helper", running, new Error("x"), false],
  ])("%s", (_name, signal, error, ends) => {
    expect(endsAttempt(error, signal)).toBe(ends);
  });
});
