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
    const write = groupCommit(1, String, async (items: number[]) => items, {
      waitingMax: 3,
    });
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

  describe("with a linger", () => {
    const lingerMs = 50;

    /** So long that a test would not end. */
    const forEver = 1_000_000;

    /** Notes what is written, and when. */
    function lingering({ lingerMs, itemsMax = 100 }: { lingerMs: number; itemsMax?: number }) {
      const batches: { items: number[]; at: number }[] = [];
      const write = groupCommit(
        itemsMax,
        String,
        async (items: number[]) => {
          batches.push({ items, at: performance.now() });
          return items;
        },
        { lingerMs },
      );
      return { batches, write, items: () => batches.map((batch) => batch.items) };
    }

    const apart = ([before, after]: { at: number }[]) => (after?.at ?? 0) - (before?.at ?? 0);
    const many = Array.from({ length: 8 }, (_, index) => index + 1);
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

    it("writes at once what comes alone, also one after the other", async () => {
      const { batches, write } = lingering({ lingerMs: forEver });
      for (const item of many) await write(item);
      expect(batches).toHaveLength(8);
    });

    it("waits for more after a write of many, and then no longer than it may", async () => {
      const { batches, write, items } = lingering({ lingerMs });
      await Promise.all(many.map(write));
      const first = write(11);
      await pause(5);
      const second = write(12);
      expect(await Promise.all([first, second])).toEqual([11, 12]);
      expect(items()).toEqual([many, [11, 12]]);
      expect(apart(batches)).toBeGreaterThanOrEqual(lingerMs - 1);
    });

    it("does not wait after a write of few", async () => {
      const { write, items } = lingering({ lingerMs: forEver });
      await Promise.all(many.slice(1).map(write));
      await write(11);
      await write(12);
      expect(items()).toEqual([many.slice(1), [11], [12]]);
    });

    it("waits no longer once a write is full", async () => {
      const { write, items } = lingering({ lingerMs: forEver, itemsMax: 8 });
      await Promise.all(many.map(write));
      const others = many.map((item) => item + 10);
      await Promise.all(others.map(write));
      expect(items()).toEqual([many, others]);
      // So many of one key, each in a write of its own: the last linger ends, too.
      await Promise.all(many.map(() => write(0)));
      expect(items()).toHaveLength(10);
    });

    it("counts what waits for its key as a write of its own", async () => {
      const { write, items } = lingering({ lingerMs });
      await Promise.all(many.map(write));
      await Promise.all([write(11), write(11)]);
      expect(items()).toEqual([many, [11], [11]]);
    });

    it("does not wait when nothing has come for as long", async () => {
      const { write, items } = lingering({ lingerMs });
      await Promise.all(many.map(write));
      // Until the linger is over, which only the clock knows, they share a write.
      const areApart = () => items().at(-1)?.length === 1;
      do {
        const first = write(11);
        await pause(0);
        await Promise.all([first, write(12)]);
      } while (!areApart());
    });
  });
});
