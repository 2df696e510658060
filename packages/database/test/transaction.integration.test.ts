import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTestDatabase, type TestDatabase } from "@understudy/testkit";
import { type Database, isDatabaseAway, openDatabase, type Statement } from "../src/index.ts";

let testDatabase: TestDatabase;
/** One connection alone: a transaction that kept it would leave none for the next. */
let database: Database;
let other: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 1);
  other = openDatabase(testDatabase.url, 1);
});

afterAll(async () => {
  await Promise.all([database.close(), other.close()]);
  await testDatabase.drop();
});

const addCreator: Statement = {
  name: "test-add-creator",
  text: `INSERT INTO "Creator" ("id") SELECT r."id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)`,
};
const countCreators: Statement = {
  name: "test-count-creators",
  text: `SELECT count(*)::int AS "count" FROM "Creator" JOIN jsonb_to_recordset($1::jsonb) AS r("id" text) USING ("id")`,
};
const endConnection: Statement = {
  name: "test-end-connection",
  text: `SELECT pg_terminate_backend("pid") FROM jsonb_to_recordset($1::jsonb) AS r("pid" int)`,
};
const ownPid: Statement = {
  name: "test-own-pid",
  text: `SELECT pg_backend_pid() AS "pid" WHERE $1::jsonb IS NOT NULL`,
};

const count = async (id: string) =>
  (await other.execute<{ count: number }>(countCreators, [{ id }]))[0]?.count;

describe("readAtOneMoment", () => {
  it("sees nothing that others commit meanwhile, and writes nothing", async () => {
    await database.readAtOneMoment(async (execute) => {
      expect(await execute(countCreators, [{ id: "later" }])).toEqual([{ count: 0 }]);
      await other.execute(addCreator, [{ id: "later" }]);
      expect(await execute(countCreators, [{ id: "later" }])).toEqual([{ count: 0 }]);
    });
    expect(await count("later")).toBe(1);
    const writing = database.readAtOneMoment((execute) => execute(addCreator, [{ id: "never" }]));
    await expect(writing).rejects.toThrow("read-only transaction");
    expect(await database.execute(countCreators, [{ id: "never" }])).toEqual([{ count: 0 }]);
  });
});

describe("transaction", () => {
  it("commits its statements together", async () => {
    const seen = await database.transaction(async (execute) => {
      await execute(addCreator, [{ id: "together_1" }]);
      expect(await count("together_1")).toBe(0);
      return execute<{ count: number }>(countCreators, [{ id: "together_1" }]);
    });
    expect(seen).toEqual([{ count: 1 }]);
    expect(await count("together_1")).toBe(1);
  });

  it("sees what others commit between its statements", async () => {
    await database.transaction(async (execute) => {
      expect(await execute(countCreators, [{ id: "meanwhile" }])).toEqual([{ count: 0 }]);
      await other.execute(addCreator, [{ id: "meanwhile" }]);
      expect(await execute(countCreators, [{ id: "meanwhile" }])).toEqual([{ count: 1 }]);
    });
  });

  it("rolls back when it throws, and gives its connection back", async () => {
    const fault = new Error("changed my mind");
    await expect(
      database.transaction(async (execute) => {
        await execute(addCreator, [{ id: "undone" }]);
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await count("undone")).toBe(0);
    expect(await database.execute(countCreators, [{ id: "undone" }])).toEqual([{ count: 0 }]);
  });

  it("never passes for committed when a statement's fault was swallowed", async () => {
    await expect(
      database.transaction(async (execute) => {
        await execute(addCreator, [{ id: "swallowed" }]);
        await execute(addCreator, [{ id: "swallowed" }]).catch(() => {});
      }),
    ).rejects.toThrow("rolled back");
    expect(await count("swallowed")).toBe(0);
  });

  it("survives the loss of its connection, and goes on with a new one", async () => {
    const lost = database.transaction(async (execute) => {
      await execute(addCreator, [{ id: "lost" }]);
      const pids = await execute<{ pid: number }>(ownPid, []);
      await other.execute(endConnection, pids);
      await execute(addCreator, [{ id: "lost_too" }]);
    });
    expect(isDatabaseAway(await lost.catch((error: unknown) => error))).toBe(true);
    expect(await count("lost")).toBe(0);
    expect(await database.execute(countCreators, [{ id: "lost" }])).toEqual([{ count: 0 }]);
  });
});
