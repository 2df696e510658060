import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { groupCommit, TooManyWaitError } from "../src/group-commit.ts";

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

  it("takes no more than its most to wait, and goes on once they are written", async () => {
    const write = groupCommit(1, String, async (items: number[]) => items, 3);
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(write));
    expect(results.map(({ status }) => status)).toEqual([
      ...["fulfilled", "fulfilled", "fulfilled"],
      ...["rejected", "rejected"],
    ]);
    expect(results[3]).toMatchObject({ reason: expect.any(TooManyWaitError) });
    expect(await write(6)).toBe(6);
  });

  it("fails only the item whose data is refused", async () => {
    const write = groupCommit(10, String, async (items: number[]) => {
      if (items.includes(2))
        throw Object.assign(new pg.DatabaseError("check violated", 0, "error"), { code: "23514" });
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

  it("writes those together that come in one turn, or in answer to the same write", async () => {
    const batches: number[][] = [];
    const write = groupCommit(10, String, async (items: number[]) => {
      batches.push(items);
      return items;
    });
    // Each of them brings another when it is answered.
    await Promise.all([1, 2, 3].map(async (item) => write((await write(item)) + 10)));
    expect(batches).toEqual([
      [1, 2, 3],
      [11, 12, 13],
    ]);
    await write(4);
    expect(batches[2]).toEqual([4]);
  });

  it("keeps the order of what has to wait, and lets nothing of a key overtake", async () => {
    const batches: string[][] = [];
    const write = groupCommit(
      2,
      (item: string) => item.charAt(0),
      async (items) => {
        batches.push(items);
        return items;
      },
    );
    await Promise.all(["a1", "a2", "a3", "b1", "a4", "c1", "c2"].map(write));
    expect(batches).toEqual([["a1", "b1"], ["a2", "c1"], ["a3", "c2"], ["a4"]]);
  });

  it("never writes twice at once", async () => {
    let [writing, most] = [0, 0];
    const write = groupCommit(1, String, async (items: number[]) => {
      writing += 1;
      most = Math.max(most, writing);
      await new Promise((resolve) => setImmediate(resolve));
      writing -= 1;
      return items;
    });
    const first = [write(1), write(2)];
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([...first, write(3), write(4)]);
    expect(most).toBe(1);
  });

  it("rests where nothing waits, and writes what comes later", async () => {
    const batches: number[][] = [];
    const write = groupCommit(10, String, async (items: number[]) => {
      batches.push(items);
      return items;
    });
    for (const item of [1, 2]) {
      expect(await write(item)).toBe(item);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(batches).toEqual([[1], [2]]);
  });

  it("fails an item that was refused alone with what it was refused for, after one write", async () => {
    const refused = Object.assign(new pg.DatabaseError("check violated", 0, "error"), { code: "23514" });
    let writes = 0;
    const write = groupCommit(10, String, async (_items: number[]): Promise<number[]> => {
      writes += 1;
      throw refused;
    });
    await expect(write(1)).rejects.toBe(refused);
    expect(writes).toBe(1);
  });

  it("does not write alone what failed together for another reason than its data", async () => {
    let writes = 0;
    const write = groupCommit(10, String, async (_items: number[]): Promise<number[]> => {
      writes += 1;
      throw new Error("gone");
    });
    const results = await Promise.allSettled([1, 2].map(write));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(writes).toBe(1);
  });
});
