import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { sendInTime } from "../src/alerts/tell-channel.ts";

/** Notes how it was told to end, and never does. */
function silentChannel() {
  const signals: AbortSignal[] = [];
  return {
    signals,
    send(_: unknown, signal: AbortSignal) {
      signals.push(signal);
      return new Promise<never>(() => {});
    },
  };
}

describe("a send to a channel that does not answer", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it("is given up after half a minute, and the channel told", async () => {
    const channel = silentChannel();
    const sending = expect(sendInTime(channel, [], new AbortController().signal)).rejects.toThrow(
      "took too long",
    );
    await jest.advanceTimersByTimeAsync(29_999);
    expect(channel.signals[0]?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(channel.signals[0]?.aborted).toBe(true);
    await sending;
  });

  it("is given up when the worker stops, also where that was before", async () => {
    const stopping = new AbortController();
    const channel = silentChannel();
    const sending = expect(sendInTime(channel, [], stopping.signal)).rejects.toThrow("stops");
    stopping.abort(new Error("the worker stops"));
    await sending;
    await expect(sendInTime(channel, [], stopping.signal)).rejects.toThrow("stops");
    expect(jest.getTimerCount()).toBe(0);
  });
});
