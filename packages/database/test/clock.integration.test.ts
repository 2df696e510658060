import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, type Link, startLink, startPostgresWire, throughLink } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { type Database, isDatabaseAway, openDatabase } from "../src/index.ts";

const { url } = await openSuiteDatabase(2);
const opened: Database[] = [];
const links: Link[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(links.splice(0).map((link) => link.close()));
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

function open(databaseUrl = url): Database {
  const each = openDatabase(databaseUrl, 2);
  opened.push(each);
  return each;
}

it("is Postgres' time as soon as Postgres has answered anything, however far off this process' own is", async () => {
  const realNow = Date.now;
  jest.spyOn(Date, "now").mockImplementation(() => realNow() + 600_000);
  for (const ask of [
    (each: Database) => each.ping(5_000),
    (each: Database) => each.prisma.plan.findMany(),
    (each: Database) => each.transaction(async (execute) => execute({ name: "", text: "SELECT 1" })),
  ]) {
    const each = open();
    expect(each.clock.skewMs()).toBeUndefined();
    expect(each.clock.now().getTime() - realNow()).toBeGreaterThan(590_000);
    await ask(each);
    expect(Math.abs((each.clock.skewMs() ?? 0) - 600_000)).toBeLessThan(1_000);
    expect(Math.abs(each.clock.now().getTime() - realNow())).toBeLessThan(1_000);
  }
});

/** The suite's database, behind a link. */
function through(link: Link): Database {
  links.push(link);
  return open(throughLink(link, url));
}

function skewAround(each: Database, ms: number): void {
  expect(Math.abs((each.clock.skewMs() ?? Number.NaN) - ms)).toBeLessThan(1_000);
}

it("is learned where Postgres was away at first", async () => {
  const link = await startLink();
  const each = through(link);
  // Nobody listens there.
  link.leadTo(1);
  await expect(each.ping(1_000)).rejects.toThrow();
  expect(each.clock.skewMs()).toBeUndefined();
  throughLink(link, url);
  await each.ping(5_000);
  skewAround(each, 0);
});

it("is known to whoever is answered: a first reading that fails is Postgres' being away", async () => {
  const wire = await startPostgresWire();
  const each = through(wire);
  const select = { name: "", text: "SELECT 1 AS one" };
  for (const ask of [
    () => each.execute(select),
    () => each.prisma.plan.findMany(),
    () => each.transaction((execute) => execute(select)),
  ]) {
    // It passes at once, so that `execute` tries again by itself.
    const takeBack = wire.answer({ statement: /clock_timestamp/, sqlState: "57014" });
    expect(isDatabaseAway(await ask().catch((error: unknown) => error))).toBe(true);
    expect(each.clock.skewMs()).toBeUndefined();
    takeBack();
  }
  expect(await each.execute(select)).toEqual([{ one: 1 }]);
  skewAround(each, 0);
});

describe("after this machine was suspended", () => {
  let link: Link;
  let each: Database;

  /** The wall clock has gone on meanwhile, the steady one has not. */
  function suspend(ms: number): void {
    const realNow = performance.now.bind(performance);
    jest.spyOn(performance, "now").mockImplementation(() => realNow() - ms);
  }

  beforeEach(async () => {
    link = await startLink();
    each = through(link);
    await each.ping(5_000);
    skewAround(each, 0);
  });

  it("is Postgres' time again within seconds", async () => {
    suspend(600_000);
    expect(each.clock.skewMs()).toBeGreaterThan(590_000);
    await eventually(() => skewAround(each, 0), 5_000);
  });

  /** Until it is being read over the only connection. */
  const isBeingRead = () =>
    eventually(() => expect(each.connections()).toMatchObject({ open: 1, idle: 0 }), 5_000);

  it("is read again where its connection is lost meanwhile, which nobody dies of", async () => {
    link.hold();
    suspend(600_000);
    await isBeingRead();
    link.cut();
    link.pass();
    await eventually(() => skewAround(each, 0), 5_000);
  });

  it("is read over another connection where one hangs, which is given to nobody", async () => {
    link.hold();
    suspend(600_000);
    await isBeingRead();
    link.swallow();
    // Longer than the reading may take, less than a statement.
    await eventually(() => skewAround(each, 0), 8_000);
    await eventually(() => expect(each.connections()).toMatchObject({ idle: each.connections().open }));
    await Promise.all(Array.from({ length: each.connections().open }, () => each.ping(5_000)));
  });
});
