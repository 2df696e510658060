import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { repeat } from "../src/repeat.ts";

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
});

afterEach(() => {
  jest.useRealTimers();
});

it("runs again and again, each time after the pause that the run before asks for", async () => {
  const pauses = [100, 20, 1_000];
  let runs = 0;
  const repeated = repeat(async () => ({ pauseMs: pauses[runs++] ?? 0 }));
  expect(runs).toBe(1);
  for (const [ms, expected] of [
    [99, 1],
    [1, 2],
    [19, 2],
    [1, 3],
    [999, 3],
  ] as const) {
    await jest.advanceTimersByTimeAsync(ms);
    expect(runs).toBe(expected);
  }
  await repeated.stop();
});

it("is stopped at once where it pauses, and leaves no timer behind", async () => {
  let runs = 0;
  const repeated = repeat(async () => {
    runs += 1;
    return { pauseMs: 60_000 };
  });
  await jest.advanceTimersByTimeAsync(1);
  await repeated.stop();
  expect(jest.getTimerCount()).toBe(0);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(runs).toBe(1);
});

it("tells a run that it is to stop, waits for its end, and pauses no more", async () => {
  let end = () => {};
  let signal: AbortSignal | undefined;
  const running = new Promise<void>((resolve) => {
    end = resolve;
  });
  let runs = 0;
  const repeated = repeat(async (stopping) => {
    runs += 1;
    signal = stopping;
    await running;
    return { pauseMs: 60_000 };
  });
  expect(signal?.aborted).toBe(false);
  let isStopped = false;
  const stopped = repeated.stop().then(() => {
    isStopped = true;
  });
  expect(signal?.aborted).toBe(true);
  await jest.advanceTimersByTimeAsync(1);
  expect(isStopped).toBe(false);
  end();
  await stopped;
  expect([runs, jest.getTimerCount()]).toEqual([1, 0]);
});
