import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { Database } from "@understudy/database";
import { startRetention } from "../../src/retention/start-retention.ts";
import { AttemptFakes } from "../attempt-fakes.ts";

let fakes: AttemptFakes;
/** How many events, endpoints, idempotency keys and sessions are deleted, time after time. */
let rounds: (number[] | Error)[];
let asked: object[];
let retention: ReturnType<typeof startRetention>;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
  [fakes, rounds, asked] = [new AttemptFakes(), [], []];
});

afterEach(async () => {
  await retention.stop();
  jest.useRealTimers();
});

async function start(...rows: typeof rounds): Promise<void> {
  rounds = rows;
  let round: number[] = [];
  const execute = async (_statement: unknown, items: object[]) => {
    asked.push(...items);
    if (round.length === 0) {
      const next = rounds.shift() ?? [0, 0, 0, 0];
      if (next instanceof Error) throw next;
      round = [...next];
    }
    return Array.from({ length: round.shift() ?? 0 });
  };
  retention = startRetention({
    database: { execute } as unknown as Database,
    days: 30,
    logger: fakes.logger(),
  });
  await jest.advanceTimersByTimeAsync(0);
}

const deleted = () => fakes.logged.filter(([level]) => level === "info").map(([, , fields]) => fields);

it("deletes what is older than operators say, so much at once, and tells how much it was", async () => {
  await start([1, 0, 0, 0]);
  expect(asked).toEqual([
    { days: 30, limit: 1_000 },
    { days: 30, limit: 1_000 },
    { limit: 1_000 },
    { limit: 1_000 },
  ]);
  expect(fakes.logged).toEqual([
    [
      "info",
      "deleted what was kept for long enough",
      { events: 1, endpoints: 0, idempotencyKeys: 0, sessions: 0 },
    ],
  ]);
});

it.each([
  ["events", [1_000, 0, 0, 0]],
  ["endpoints", [0, 1_000, 0, 0]],
  ["keys", [0, 0, 1_000, 0]],
  ["sessions", [0, 0, 0, 1_000]],
])("goes on soon while there may be more of one kind: %s", async (_kind, round) => {
  await start(round, [0, 0, 2, 0]);
  expect(deleted()).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(99);
  expect(deleted()).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(deleted()[1]).toMatchObject({ idempotencyKeys: 2 });
});

it("looks again a minute later where there was no more, and says nothing of nothing", async () => {
  await start([0, 0, 0, 0], [3, 999, 0, 0]);
  expect(deleted()).toEqual([]);
  await jest.advanceTimersByTimeAsync(59_999);
  expect(deleted()).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(deleted()).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(59_999);
  expect(asked).toHaveLength(8);
});

it("looks again a minute later where Postgres was away", async () => {
  await start(new Error("away"), [1, 0, 0, 0]);
  expect(fakes.logged).toEqual([
    ["warn", "what is old was not deleted, and will be", { err: expect.any(Error) }],
  ]);
  await jest.advanceTimersByTimeAsync(59_999);
  expect(deleted()).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(deleted()).toHaveLength(1);
});
