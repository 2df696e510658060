import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { DatabaseClock } from "../src/clock.ts";

/** This process' steady clock, and Postgres' clock at its 0. */
let steadyMs: number;
let postgresMs: number;

const wallMs = Date.parse("2026-11-30T12:00:00Z");
const isoNow = (clock: DatabaseClock) => clock.now().toISOString();

beforeEach(() => {
  steadyMs = 1_000;
  postgresMs = Date.parse("2026-11-30T11:50:00Z") - steadyMs;
  jest.spyOn(performance, "now").mockImplementation(() => steadyMs);
  jest.spyOn(Date, "now").mockImplementation(() => wallMs);
});
afterEach(() => void jest.restoreAllMocks());

/** A connection whose questions and answers are under way for so long. */
const connection = (thereMs: number, backMs: number) => ({
  query: (async () => {
    steadyMs += thereMs;
    const rows = [{ ms: postgresMs + steadyMs }];
    steadyMs += backMs;
    return { rows };
  }) as never,
});

describe("the database's clock", () => {
  it("is this process' own until Postgres has told the time", async () => {
    const clock = new DatabaseClock();
    expect([isoNow(clock), clock.skewMs()]).toEqual(["2026-11-30T12:00:00.000Z", undefined]);
    for (const query of [() => Promise.reject(new Error("away")), async () => ({ rows: [] })])
      await expect(clock.begin({ query: query as never })).rejects.toThrow();
    expect([isoNow(clock), clock.skewMs()]).toEqual(["2026-11-30T12:00:00.000Z", undefined]);
    await clock.begin(connection(0, 0));
    expect([isoNow(clock), clock.skewMs()]).toEqual(["2026-11-30T11:50:00.000Z", 600_000]);
  });

  it("goes on by the steady clock, whatever the own wall clock does", async () => {
    const clock = new DatabaseClock();
    await clock.begin(connection(0, 0));
    jest.spyOn(Date, "now").mockImplementation(() => 0);
    steadyMs += 5_000;
    expect(isoNow(clock)).toBe("2026-11-30T11:50:05.000Z");
  });

  it("keeps what it knows, and refuses no connection, where Postgres does not answer", async () => {
    const clock = new DatabaseClock();
    await clock.begin(connection(0, 0));
    await clock.begin({ query: (() => Promise.reject(new Error("away"))) as never });
    await clock.begin({ query: (async () => ({ rows: [] })) as never });
    expect(isoNow(clock)).toBe("2026-11-30T11:50:00.000Z");
  });

  /** How far it is from Postgres' after each reading. */
  const errorsAfter = async (...readings: { query: never }[]) => {
    const clock = new DatabaseClock();
    const errors: number[] = [];
    for (const reading of readings) {
      await clock.begin(reading);
      errors.push(clock.now().getTime() - postgresMs - steadyMs);
    }
    return errors;
  };

  it("is off by half a round trip at most, and better after each that is faster", async () => {
    expect(await errorsAfter(connection(800, 0), connection(0, 100), connection(1, 1))).toEqual([
      400, -50, 0,
    ]);
  });

  it("is no worse for a slow answer, such as that of a process that was suspended meanwhile", async () => {
    expect(await errorsAfter(connection(1, 1), connection(0, 60_000), connection(60_000, 0))).toEqual([
      0, 0, 0,
    ]);
  });

  it.each([-600_000, 600_000])(
    "follows a step of Postgres' clock, or another Postgres', of %i ms",
    async (stepMs) => {
      const clock = new DatabaseClock();
      await clock.begin(connection(1, 1));
      postgresMs += stepMs;
      await clock.begin(connection(1, 1));
      expect(clock.now().getTime()).toBe(postgresMs + steadyMs);
    },
  );
});
