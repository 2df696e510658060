import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { type Database, isDatabaseAway, openDatabase } from "@understudy/database";
import { identify } from "@understudy/local-services";
import { createTestDatabase, eventually, type PostgresPair, startPostgresPair } from "../src/index.ts";

let pair: PostgresPair;
let database: Database;

beforeAll(async () => {
  pair = await startPostgresPair();
  database = openDatabase((await createTestDatabase(pair.url)).url, 4);
});

afterAll(async () => {
  await database?.close();
  await pair?.remove();
});

/** Writes one row after the other until `isOver`, and gives those that were told to be committed. */
async function writeUntil(isOver: () => boolean): Promise<string[]> {
  const told: string[] = [];
  for (let n = 0; !isOver(); n++) {
    const id = `c_${Date.now()}_${n}`;
    await database.prisma.creator.create({ data: { id } }).then(
      () => told.push(id),
      (error) => expect(isDatabaseAway(error)).toBe(true),
    );
  }
  return told;
}

/** @returns what was told to be committed meanwhile, and is there afterwards */
async function during(fault: () => Promise<void>): Promise<void> {
  let isOver = false;
  const writing = writeUntil(() => isOver);
  await eventually(async () => expect(await database.prisma.creator.count()).toBeGreaterThan(0));
  await fault();
  await eventually(() => database.ping(5_000));
  isOver = true;
  const told = await writing;
  expect(told.length).toBeGreaterThan(0);
  expect(await database.prisma.creator.count({ where: { id: { in: told } } })).toBe(told.length);
}

const waitedFor = () =>
  database.execute({
    name: "",
    text: "SELECT sync_state FROM pg_stat_replication WHERE sync_state <> 'async'",
  });

it("fails over again and again, and loses nothing of what it said was committed", async () => {
  for (const _ of [1, 2]) {
    const before = pair.primaryPid();
    await during(() => pair.failOver());
    expect(pair.primaryPid()).not.toBe(before);
    expect(identify(before)).toBeUndefined();
    // Commits wait for a replica where there is one, and for nobody otherwise.
    expect(await waitedFor()).toEqual([]);
    await during(() => pair.restoreReplica());
    expect(await waitedFor()).toEqual([{ sync_state: "sync" }]);
  }
});

it("restarts as after a crash, and its replica follows again", async () => {
  await during(() => pair.restart("immediate"));
  await database.prisma.creator.create({ data: { id: "after_restart" } });
  await pair.failOver();
  await eventually(async () =>
    expect(await database.prisma.creator.count({ where: { id: "after_restart" } })).toBe(1),
  );
});
