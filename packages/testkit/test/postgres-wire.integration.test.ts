import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type Database, databaseFault, openDatabase, sqlState } from "@understudy/database";
import pg from "pg";
import {
  createTestDatabase,
  type PostgresWire,
  startPostgresWire,
  type TestDatabase,
  throughLink,
} from "../src/index.ts";

let testDatabase: TestDatabase;
let wire: PostgresWire;
/** Through the wire. */
let url: string;
/** Straight to the server. */
let straight: Database;
let database: Database;
const takeBacks: (() => void)[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  wire = await startPostgresWire();
  url = throughLink(wire, testDatabase.url);
  straight = openDatabase(testDatabase.url, 1);
  // One connection, so that what a session is left in is seen.
  database = openDatabase(url, 1);
});

afterEach(() => {
  for (const takeBack of takeBacks.splice(0)) takeBack();
});

afterAll(async () => {
  await Promise.all([database.close(), straight.close()]);
  await wire.close();
  await testDatabase.drop();
});

const caught = (asking: Promise<unknown>) =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );
const add = (id: string) => ({ name: "add-creator", text: `INSERT INTO "Creator" ("id") VALUES ('${id}')` });
/** Prepared under one name whatever its values are. */
const addNamed = {
  name: "add-named",
  text: `INSERT INTO "Creator" ("id") SELECT r."id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)`,
};
const count = (id: string) => straight.prisma.creator.count({ where: { id } });
const one = { name: "", text: "SELECT 1 AS one" };

/** The ways to Postgres. */
const ways = {
  "the pool, simple": (id: string) => database.execute({ ...add(id), name: "" }),
  "the pool, prepared": (id: string) => database.execute(addNamed, [{ id }]),
  Prisma: (id: string) => database.prisma.creator.create({ data: { id } }),
  "a transaction": (id: string) => database.transaction((execute) => execute(addNamed, [{ id }])),
  "a transaction of Prisma": (id: string) =>
    database.prisma.$transaction((tx) => tx.creator.create({ data: { id } })),
};
const wayNames = Object.keys(ways) as (keyof typeof ways)[];

describe.each(wayNames)("through %s", (way) => {
  const idOf = (what: string) => `${way.replaceAll(/\W/g, "_")}_${what}`;

  it("all passes that no rule is about", async () => {
    takeBacks.push(wire.answer({ sqlState: "XX000", statement: /"UsageLog"/ }));
    await ways[way](idOf("passes"));
    expect(await count(idOf("passes"))).toBe(1);
  });

  it("a statement is answered with the state, not done, and the session goes on", async () => {
    takeBacks.push(wire.answer({ sqlState: "53100", message: "it's full", statement: /INSERT/, times: 1 }));
    const error = await caught(ways[way](idOf("refused")));
    expect([sqlState(error), databaseFault(error)]).toEqual(["53100", "away"]);
    expect(await count(idOf("refused"))).toBe(0);
    await ways[way](idOf("refused"));
    expect(await count(idOf("refused"))).toBe(1);
  });

  it("a state that ends sessions ends this one", async () => {
    takeBacks.push(wire.answer({ sqlState: "57P01", statement: /INSERT/, times: 1 }));
    expect(sqlState(await caught(ways[way](idOf("ended"))))).toBe("57P01");
    expect(await count(idOf("ended"))).toBe(0);
    await ways[way](idOf("ended"));
  });

  it("its commit is refused, and nothing is left of it", async () => {
    takeBacks.push(wire.answer({ sqlState: "40001", statement: /INSERT/, atCommit: true, times: 3 }));
    const error = await caught(ways[way](idOf("commit")));
    expect(sqlState(error)).toBe("40001");
    expect(await count(idOf("commit"))).toBe(0);
    takeBacks.splice(0).map((takeBack) => takeBack());
    await ways[way](idOf("commit"));
    expect(await count(idOf("commit"))).toBe(1);
  });

  it("what is committed is not told, and only that", async () => {
    takeBacks.push(wire.dropAfterCommit({ statement: /INSERT/, times: 1 }));
    // One that fails is told so, and leaves the rule as it was.
    await ways[way](idOf("passes")).catch((error) => expect(databaseFault(error)).toBe("data"));
    const error = await caught(ways[way](idOf("dropped")));
    expect([sqlState(error), databaseFault(error)]).toEqual([undefined, "away"]);
    expect(await count(idOf("dropped"))).toBe(1);
    await ways[way](idOf("dropped_no_more"));
  });
});

it("finds a statement by its name, also where it was prepared long ago", async () => {
  await database.execute(addNamed, [{ id: "named" }]);
  takeBacks.push(wire.answer({ sqlState: "55P03", statement: /^add-named$/ }));
  expect(sqlState(await caught(database.execute(addNamed, [{ id: "named_late" }])))).toBe("55P03");
  expect(await database.execute(one)).toEqual([{ one: 1 }]);
});

it("a rolled-back transaction is told of, and dropped is the next that commits", async () => {
  takeBacks.push(wire.dropAfterCommit({ statement: /INSERT/, times: 1 }));
  const rolledBack = database.transaction(async (execute) => {
    await execute(addNamed, [{ id: "rolled_back" }]);
    throw new Error("changed my mind");
  });
  await expect(rolledBack).rejects.toThrow("changed my mind");
  expect(databaseFault(await caught(ways["a transaction"]("committed")))).toBe("away");
  expect([await count("rolled_back"), await count("committed")]).toEqual([0, 1]);
});

it("connections are refused before anything is asked", async () => {
  const other = openDatabase(url, 1);
  takeBacks.push(wire.answer({ sqlState: "53300", atConnect: true, times: 1 }));
  expect(sqlState(await caught(other.execute(one)))).toBe("53300");
  expect(await other.execute(one)).toEqual([{ one: 1 }]);
  await other.close();
});

it("is a link as well: what it holds comes later, and answers of megabytes pass", async () => {
  wire.hold();
  const asked = database.execute<{ text: string }>({ name: "", text: "SELECT repeat('x', 5000000) AS text" });
  expect(await straight.execute(one)).toEqual([{ one: 1 }]);
  wire.pass();
  expect((await asked)[0]?.text.length).toBe(5_000_000);
  wire.cut();
  expect(await caught(database.execute(one))).toBeDefined();
  expect(await database.execute(one)).toEqual([{ one: 1 }]);
});

it("says to clients that ask for TLS that there is none", async () => {
  const client = new pg.Client({ connectionString: url, ssl: true });
  await expect(client.connect()).rejects.toThrow("does not support SSL");
});
