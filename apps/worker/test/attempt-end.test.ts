import { describe, expect, it } from "@jest/globals";
import { readThrown } from "../src/attempt-end.ts";
import { StepStopped } from "../src/step-stopped.ts";

describe("what an agent's run has thrown decides how the attempt ends", () => {
  it.each([
    ["Postgres refuses connections", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
    ["Postgres shuts down", Object.assign(new Error("x"), { code: "57P01" })],
    ["no connection in time", new Error("timeout exceeded when trying to connect")],
    ["wrapped by Prisma", new Error("x", { cause: Object.assign(new Error("y"), { code: "08006" }) })],
  ])("put off, which uses up no attempt: %s", (_name, error) => {
    expect(readThrown(error, false)).toMatchObject({ kind: "put_off", waitingFor: "worker" });
  });

  it("given back at once where the worker stops", () => {
    const lost = new StepStopped({ kind: "lost", reason: "aborted" });
    expect(readThrown(lost, true)).toEqual({ kind: "put_off", delayMs: 0, waitingFor: "worker" });
    expect(readThrown(lost, false)).toMatchObject({ kind: "try_again", code: "timed_out" });
  });

  it.each(["paused", "rate", "breaker"] as const)("put off while the model can't be called: %s", (why) => {
    const stopped = new StepStopped({ kind: "model_wait", delayMs: 7_000, why });
    expect(readThrown(stopped, false)).toEqual({
      kind: "put_off",
      delayMs: 7_000,
      waitingFor: "provider",
    });
  });

  it("failed, without a word of what went wrong inside, for a fault in the agent", () => {
    const end = readThrown(new TypeError("secret"), false);
    expect(end).toMatchObject({ kind: "failed", code: "agent_error" });
    expect(JSON.stringify(end)).not.toContain("secret");
  });

  it("failed with the figures where the quota has no room", () => {
    const amounts = {
      bound: "quota",
      plan: "starter",
      limitUsd: "10.000000000000",
      spentUsd: "9.99",
      heldUsd: "0.000000000000",
      unknownUsd: "0",
    } as const;
    const resetsAt = new Date("2026-12-01T00:00:00Z");
    const end = readThrown(
      new StepStopped({ kind: "no_room", ...amounts, requiredUsd: "20", resetsAt }),
      false,
    );
    expect(end).toMatchObject({
      code: "quota_exceeded",
      message:
        "The creator's monthly quota of $10 has no room for $20: $9.99 spent, $0 held, $0 unknown. It resets at 2026-12-01T00:00:00.000Z.",
    });
  });
});
