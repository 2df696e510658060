import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { LastUses } from "../../src/keys/last-uses.ts";

const start = Date.parse("2026-11-22T18:00:00Z");

beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

/** What is written of keys, and what operators are told; fails as often as it is told to. */
function open(faults = 0) {
  const writes: { id: string; second: number }[] = [];
  const conditions: unknown[] = [];
  const warnings: object[] = [];
  const updateMany = async ({ where: { id, ...rest }, data }: UpdateMany) => {
    if (faults-- > 0) throw new Error("away");
    conditions.push(rest);
    writes.push({ id, second: (data.lastUsedAt.getTime() - start) / 1_000 });
  };
  const clock = { now: () => new Date() };
  const database = { prisma: { apiKey: { updateMany } }, clock } as unknown as Database;
  const warn = (fields: object) => warnings.push(fields);
  return { uses: new LastUses(database, { warn } as unknown as Logger), writes, conditions, warnings };
}

interface UpdateMany {
  where: { id: string; OR: unknown };
  data: { lastUsedAt: Date };
}

describe("when keys were last used", () => {
  it("is written within five seconds, once a minute for each key", async () => {
    const { uses, writes, conditions } = open();
    uses.note("key_1");
    uses.note("key_1");
    uses.note("key_2");
    await jest.advanceTimersByTimeAsync(4_999);
    expect(writes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(writes).toEqual([
      { id: "key_1", second: 5 },
      { id: "key_2", second: 5 },
    ]);
    const aMinuteBefore = new Date(start + 5_000 - 60_000);
    expect(conditions[0]).toEqual({ OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: aMinuteBefore } }] });
    uses.note("key_1");
    await jest.advanceTimersByTimeAsync(55_000);
    expect(writes).toHaveLength(2);
    uses.note("key_1");
    await jest.advanceTimersByTimeAsync(5_000);
    expect(writes.slice(2)).toEqual([{ id: "key_1", second: 65 }]);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(writes).toHaveLength(3);
    await uses.close();
  });

  it("is written at the end as well, and not after it", async () => {
    const { uses, writes } = open();
    uses.note("key_1");
    await uses.close();
    expect(writes).toEqual([{ id: "key_1", second: 0 }]);
    uses.note("key_2");
    await jest.advanceTimersByTimeAsync(60_000);
    expect(writes).toHaveLength(1);
  });

  it("is written with the next use where it could not be, and of the others all the same", async () => {
    const { uses, writes, warnings } = open(1);
    uses.note("key_1");
    uses.note("key_2");
    await jest.advanceTimersByTimeAsync(5_000);
    expect(writes).toEqual([{ id: "key_2", second: 5 }]);
    expect(warnings).toEqual([{ err: expect.objectContaining({ message: "away" }), keyId: "key_1" }]);
    uses.note("key_1");
    await jest.advanceTimersByTimeAsync(5_000);
    expect(writes.slice(1)).toEqual([{ id: "key_1", second: 10 }]);
    await uses.close();
  });
});
