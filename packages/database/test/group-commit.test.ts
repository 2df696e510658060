import { describe, expect, it } from "@jest/globals";
import { groupCommit } from "../src/group-commit.ts";

describe("groupCommit", () => {
  it("writes alone at once, and together what comes while a write is under way", async () => {
    const batches: number[][] = [];
    let release = () => {};
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    const write = groupCommit(10, String, async (items: number[]) => {
      batches.push(items);
      if (batches.length === 1) await first;
      return items.map((item) => item * 2);
    });
    const one = write(1);
    await Promise.resolve();
    await Promise.resolve();
    const others = [write(2), write(3)];
    release();
    expect(await Promise.all([one, ...others])).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it("never puts two items of one key, or more than its most, into a write", async () => {
    const batches: string[][] = [];
    const write = groupCommit(
      2,
      (item: string) => item.charAt(0),
      async (items) => {
        batches.push(items);
        return items;
      },
    );
    await Promise.all(["a1", "a2", "b1", "c1"].map(write));
    expect(batches).toEqual([
      ["a1", "b1"],
      ["a2", "c1"],
    ]);
  });

  it("fails only the item whose data is refused", async () => {
    const write = groupCommit(10, String, async (items: number[]) => {
      if (items.includes(2)) throw Object.assign(new Error("check violated"), { code: "23514" });
      return items;
    });
    const results = await Promise.allSettled([1, 2, 3].map(write));
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("fails all where the write may have been committed, and goes on", async () => {
    let away = true;
    const write = groupCommit(10, String, async (items: number[]) => {
      if (away) throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
      return items;
    });
    const results = await Promise.allSettled([write(1), write(2)]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    away = false;
    expect(await write(3)).toBe(3);
  });
});
