import { describe, expect, it, jest } from "@jest/globals";
import { KeyCache } from "../../src/keys/key-cache.ts";

describe("KeyCache", () => {
  it("reads a key once for many who ask, and one that is not there as well", async () => {
    const read = jest.fn(async (id: string) => (id === "there" ? { id } : undefined));
    const cache = new KeyCache(read);
    const found = await Promise.all(["there", "there", "gone", "gone"].map((id) => cache.find(id)));
    expect(found).toEqual([{ id: "there" }, { id: "there" }, undefined, undefined]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("reads anew after a change, also while it is being read", async () => {
    const answers: ((scope: string) => void)[] = [];
    const cache = new KeyCache(() => new Promise<string>((resolve) => answers.push(resolve)));
    const before = cache.find("key");
    cache.forget("key");
    const after = cache.find("key");
    answers[0]?.("old");
    answers[1]?.("new");
    expect([await before, await after, await cache.find("key")]).toEqual(["old", "new", "new"]);
    cache.forgetAll();
    void cache.find("key");
    expect(answers).toHaveLength(3);
  });

  it("reads anew after five seconds without a word", async () => {
    jest.useFakeTimers();
    try {
      const read = jest.fn(async () => "key");
      const cache = new KeyCache(read);
      await cache.find("key");
      jest.advanceTimersByTime(4_999);
      await cache.find("key");
      expect(read).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(1);
      await cache.find("key");
      expect(read).toHaveBeenCalledTimes(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it("does not remember that it could not read", async () => {
    const read = jest.fn<() => Promise<string>>().mockRejectedValueOnce(new Error("away"));
    read.mockResolvedValue("key");
    const cache = new KeyCache(read);
    await expect(cache.find("key")).rejects.toThrow("away");
    expect(await cache.find("key")).toBe("key");
  });

  it("keeps as many as it may, whatever is asked for", async () => {
    const read = jest.fn(async () => undefined);
    const cache = new KeyCache(read);
    for (let id = 0; id <= 10_000; id++) await cache.find(String(id));
    await cache.find("10000");
    expect(read).toHaveBeenCalledTimes(10_001);
    await cache.find("0");
    expect(read).toHaveBeenCalledTimes(10_002);
  });
});
