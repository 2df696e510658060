import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Redis } from "ioredis";
import { Dispatcher } from "../src/index.ts";

/** What the lanes answer, move by move; then that nothing waits for a time. */
let answers: ({ inMs: number } | Error)[];
/** What was asked of the lanes. */
let moves: { enter: unknown[]; terms: unknown[]; pause: unknown[] }[];
/** Names of the jobs that were added together, and to which queue. */
let added: [agent: string, jobs: string[]][];
let status: string;
let dispatcher: Dispatcher;

async function moveLanes(...args: unknown[]): Promise<string> {
  moves.push(JSON.parse(String(args.at(-1))));
  const answer = answers.shift();
  if (answer instanceof Error) throw answer;
  return JSON.stringify({ now: "1000.5", nextAt: answer ? `${1000.5 + answer.inMs}` : "0" });
}

beforeEach(() => {
  jest.useFakeTimers();
  [answers, moves, added, status] = [[], [], [], "ready"];
  const redis = {
    defineCommand: () => {},
    moveLanes,
    get status() {
      return status;
    },
  };
  dispatcher = new Dispatcher(redis as unknown as Redis, {});
  jest.spyOn(dispatcher, "queue").mockImplementation((agent) => {
    const addBulk = async (jobs: { opts: { jobId: string } }[]) =>
      void added.push([agent, jobs.map(({ opts }) => opts.jobId)]);
    return { addBulk } as never;
  });
});

afterEach(async () => {
  await dispatcher.close();
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe("a dispatcher wakes up", () => {
  it("when something may be released, in whole milliseconds and not before", async () => {
    answers = [{ inMs: 300.25 }];
    await dispatcher.move({});
    await pass(300);
    expect(moves).toHaveLength(1);
    await pass(1);
    expect(moves).toHaveLength(2);
    await pass(60_000);
    expect(moves).toHaveLength(2);
  });

  it("at once where that is now, and after a second at the latest", async () => {
    answers = [{ inMs: -5 }, { inMs: 5_000 }];
    await dispatcher.move({});
    await pass(0);
    expect(moves).toHaveLength(2);
    await pass(999);
    expect(moves).toHaveLength(2);
    await pass(1);
    expect(moves).toHaveLength(3);
  });

  it("once, when the last move has said, whatever those before it did", async () => {
    answers = [{ inMs: 400 }, { inMs: 100 }];
    await dispatcher.move({});
    await dispatcher.move({});
    await pass(100);
    expect(moves).toHaveLength(3);
    await pass(1_000);
    expect(moves).toHaveLength(3);
  });

  it("never where nothing waits for a time", async () => {
    await dispatcher.move({});
    expect(jest.getTimerCount()).toBe(0);
  });

  it("also when Redis is away by then, and harms nobody", async () => {
    answers = [{ inMs: 10 }, new Error("Redis is away."), { inMs: 10 }];
    await dispatcher.move({});
    await pass(10);
    expect(moves).toHaveLength(2);
    await dispatcher.move({});
    status = "reconnecting";
    await pass(10);
    expect(moves).toHaveLength(3);
  });

  it("no more once it is closed, also for a move that was under way", async () => {
    answers = [{ inMs: 10 }, { inMs: 10 }];
    await dispatcher.move({});
    const underWay = dispatcher.move({});
    await dispatcher.close();
    await underWay;
    expect(jest.getTimerCount()).toBe(0);
    await pass(1_000);
    expect(moves).toHaveLength(2);
  });

  it("without keeping its process alive", async () => {
    jest.useRealTimers();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    answers = [{ inMs: 900 }];
    await dispatcher.move({});
    expect(timers()).toBe(before);
  });
});

describe("a dispatcher asks for no more than it needs", () => {
  const job = {
    ...{ id: "job_1", agent: "messaging", creatorId: "psy", generation: 1, priority: 5 },
    ...{ notBefore: null, terms: null },
  };
  const terms = {
    ...{ ratePerHour: 10, burst: 1, weight: 1 },
    ...{ creatorSince: new Date(0).toISOString(), isPaused: true },
  };

  it("tells the lanes of those that have taken their token, and of those that enter, by one move", async () => {
    await dispatcher.dispatch([job, { ...job, id: "job_2", terms }, { ...job, id: "job_3", agent: "test" }]);
    expect(moves).toMatchObject([
      {
        again: [
          ["job_1-g1|messaging", "psy"],
          ["job_3-g1|test", "psy"],
        ],
        enter: [["psy", "job_2-g1|messaging", ...Array(7).fill(expect.anything())]],
      },
    ]);
  });

  it("adds nothing for those that only enter, and does nothing for none", async () => {
    await dispatcher.dispatch([]);
    expect(moves).toEqual([]);
    await dispatcher.dispatch([{ ...job, terms }]);
    expect([moves.length, added]).toEqual([1, []]);
  });

  it("changes terms and pauses of each creator by one move", async () => {
    await dispatcher.changeTerms([
      { creatorId: "psy", terms },
      { creatorId: "iu", terms: { ...terms, isPaused: false } },
    ]);
    expect(moves).toMatchObject([
      {
        terms: [
          ["psy", 360_000, 1, 1],
          ["iu", 360_000, 1, 1],
        ],
        pause: [
          ["psy", 1],
          ["iu", 0],
        ],
      },
    ]);
  });
});
