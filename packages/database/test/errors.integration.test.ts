import { afterAll, describe, expect, it, jest } from "@jest/globals";
import { eventually, startPostgresWire, throughLink } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import pg from "pg";
import { mayBeOneItems } from "../src/errors.ts";
import {
  type DatabaseFault,
  databaseFault,
  NotStorableError,
  openDatabase,
  sqlState,
  untilDatabaseAnswers,
} from "../src/index.ts";

const { url } = await openSuiteDatabase(1);
const wire = await startPostgresWire();
const database = openDatabase(throughLink(wire, url), 2);
afterAll(async () => {
  await database.close();
  await wire.close();
});

const insert = `INSERT INTO "Creator" ("id") VALUES ('refused')`;
/** Kinds of statements in which Postgres answers with a chosen state. */
const kinds = {
  "a read": { text: `SELECT "id" FROM "Creator"`, atCommit: false },
  "a write": { text: insert, atCommit: false },
  "a commit": { text: insert, atCommit: true },
};

/** The ways to Postgres. */
const ways = {
  "the pool": (text: string) => database.execute({ name: "", text }),
  "a transaction": (text: string) => database.transaction((execute) => execute({ name: "", text })),
  Prisma: (text: string) => database.prisma.$queryRawUnsafe(text),
  "a transaction of Prisma": (text: string) =>
    database.prisma.$transaction((prisma) => prisma.$queryRawUnsafe(text)),
};

const caught = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );

/** One of each class of appendix A, and of some those that mean something else. */
const states: Record<DatabaseFault, string[]> = {
  data: ["21000", "22001", "22021", "22P02", "22P05", "23502", "23503", "23505", "23514", "54000", "P0001"],
  ours: ["0A000", "42501", "42601", "42703", "42P01"],
  away: [
    ...[
      "08000",
      "08006",
      "0F000",
      "24000",
      "25006",
      "25P03",
      "26000",
      "28000",
      "28P01",
      "2D000",
      "2F000",
      "34000",
    ],
    ...["38000", "39000", "3D000", "3F000", "40001", "40003", "40P01", "53100", "53200", "53300", "55006"],
    ...["55P03", "57014", "57P01", "57P02", "57P03", "57P04", "58000", "58030", "72000", "F0000", "HV000"],
    ...["XX000", "XX001", "XX002"],
  ],
};

describe.each(Object.keys(ways) as (keyof typeof ways)[])("an error of Postgres through %s", (way) => {
  it.each(
    (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) =>
      Object.entries(states).flatMap(([fault, all]) => all.map((state) => [kind, state, fault] as const)),
    ),
  )("%s refused with %s is of the fault of: %s", async (kind, chosen, fault) => {
    const { text, atCommit } = kinds[kind];
    const takeBack = wire.answer({ sqlState: chosen, statement: /"Creator"/, atCommit });
    const error = await caught(ways[way](text));
    takeBack();
    expect([sqlState(error), databaseFault(error)]).toEqual([chosen, fault]);
    // A state that ends the session leaves the pool a connection that ends a moment later.
    await eventually(() => database.ping(5_000));
  });

  it("is away where the connection is ended in the middle", async () => {
    const sleeping = caught(ways[way]("SELECT pg_sleep(60)"));
    const client = new pg.Client(url);
    await client.connect();
    let ended = 0;
    while (ended === 0) {
      const { rowCount } = await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'",
      );
      ended = rowCount ?? 0;
    }
    await client.end();
    expect(databaseFault(await sleeping)).toBe("away");
  });
});

describe("what has no state", () => {
  it("is away where nobody answers, through either way", async () => {
    const nobody = openDatabase("postgresql://x:x@127.0.0.1:1/x", 1);
    const errors = [
      await caught(nobody.execute({ name: "", text: "SELECT 1" })),
      await caught(nobody.prisma.creator.findMany()),
      await caught(nobody.transaction(async () => {})),
    ];
    expect(errors.map(databaseFault)).toEqual(["away", "away", "away"]);
    await nobody.close();
  });

  it("is nobody's fault where it is no error of Postgres: other sockets break, too", async () => {
    const other = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const missing = await caught(database.prisma.creator.findUniqueOrThrow({ where: { id: "nobody" } }));
    expect([other, missing, "text", undefined, new Error("EPIPE")].map(databaseFault)).toEqual([
      ...[undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  it("is ours where the client itself refuses the question", async () => {
    const error = await caught(database.prisma.creator.findMany({ where: { nope: 1 } } as never));
    expect(databaseFault(error)).toBe("ours");
  });
});

describe("a statement that a deadlock or a time-out has ended", () => {
  it.each(["40001", "40P01", "57014"])("is tried again at once, three times at most: %s", async (state) => {
    const once = { name: "", text: "SELECT 1 AS once" };
    const takeBack = wire.answer({ sqlState: state, statement: /once/, times: 2 });
    expect(await database.execute(once)).toEqual([{ once: 1 }]);
    takeBack();
    wire.answer({ sqlState: state, statement: /once/, times: 3 });
    expect(sqlState(await caught(database.execute(once)))).toBe(state);
    expect(await database.execute(once)).toEqual([{ once: 1 }]);
  });
});

describe("a write that must not be given up", () => {
  const refused = (state: string) =>
    Object.assign(new pg.DatabaseError("chosen", 0, "error"), { code: state });

  it.each(["25006", "28P01", "53100", "57P01", "XX000"])(
    "waits while Postgres is away: %s",
    async (state) => {
      let asked = 0;
      const write = async () => {
        asked += 1;
        if (asked < 3) throw refused(state);
        return "written";
      };
      expect(await untilDatabaseAnswers(write)).toBe("written");
      expect(asked).toBe(3);
    },
  );

  it("is refused at once for its data, and for what is none of Postgres", async () => {
    for (const error of [refused("22P05"), new Error("other")]) {
      let asked = 0;
      const write = () => {
        asked += 1;
        return Promise.reject(error);
      };
      await expect(untilDatabaseAnswers(write)).rejects.toBe(error);
      expect(asked).toBe(1);
    }
  });

  it("waits no more once its waiting is ended", async () => {
    const stopping = new AbortController();
    const waiting = untilDatabaseAnswers(() => Promise.reject(refused("57P01")), { signal: stopping.signal });
    stopping.abort();
    await expect(waiting).rejects.toThrow();
  });

  it("tells what was written, though its waiting was ended meanwhile", async () => {
    const stopping = new AbortController();
    const write = async () => {
      stopping.abort();
      return "written";
    };
    expect(await untilDatabaseAnswers(write, { signal: stopping.signal })).toBe("written");
  });

  describe("for longer than a minute", () => {
    /** Every test's clock begins after that of the one before. */
    let nowMs = performance.now();

    /** How a write ends that is refused all the time, while others are taken or not. */
    async function endOf(state: string, othersPass: boolean, isPaid = false): Promise<unknown> {
      nowMs += 1_000_000;
      const clock = jest.spyOn(performance, "now").mockImplementation(() => nowMs);
      const stopping = new AbortController();
      let asked = 0;
      const write = async () => {
        asked += 1;
        nowMs += 31_000;
        if (othersPass) await database.execute({ name: "", text: "SELECT 1" });
        if (asked > 4) stopping.abort(new Error("still waiting"));
        throw refused(state);
      };
      const error = await caught(untilDatabaseAnswers(write, { signal: stopping.signal, isPaid }));
      clock.mockRestore();
      return error instanceof NotStorableError ? `not storable: ${error.sqlState}` : String(error);
    }

    it("is taken as the data's, where Postgres takes others: its state is kept", async () => {
      expect(await endOf("XX001", true)).toBe("not storable: XX001");
      expect(await endOf("42703", false)).toMatch(/chosen|not storable/);
    });

    it("waits for a migration however long, where what is written is paid", async () => {
      expect(await endOf("42703", true, true)).toBe("Error: still waiting");
      expect(await endOf("XX001", true, true)).toBe("not storable: XX001");
    });

    it("doubts anew after an outage", async () => {
      nowMs += 1_000_000;
      const clock = jest.spyOn(performance, "now").mockImplementation(() => nowMs);
      const states = ["XX001", "57P01", "XX001", "57P01", "XX001", "57P01"];
      const write = async () => {
        nowMs += 40_000;
        await database.execute({ name: "", text: "SELECT 1" });
        const state = states.shift();
        if (state) throw refused(state);
        return "written";
      };
      expect(await untilDatabaseAnswers(write)).toBe("written");
      clock.mockRestore();
    });

    it.each([
      ["XX001", false],
      ["25006", true],
      ["53100", true],
      ["57P01", true],
    ])("goes on waiting for %s, others passing: %s", async (state, othersPass) => {
      expect(await endOf(state, othersPass)).toBe("Error: still waiting");
    });
  });
});

it("a batch is taken apart where the reason may lie in one of its items, and not where it concerns all", () => {
  const isTakenApart = (state: string) =>
    mayBeOneItems(Object.assign(new pg.DatabaseError("chosen", 0, "error"), { code: state }));
  for (const state of ["22P05", "23514", "XX000", "HV000"])
    expect([state, isTakenApart(state)]).toEqual([state, true]);
  // What can't be made JSON of; and what Redis says.
  expect([new TypeError("a circle"), new Error("Redis is away")].map(mayBeOneItems)).toEqual([true, false]);
  for (const state of ["08006", "25006", "28000", "40001", "42703", "53300", "57P01", "58030"])
    expect([state, isTakenApart(state)]).toEqual([state, false]);
});
