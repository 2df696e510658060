import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { Database } from "@understudy/database";
import type { JobCancellations } from "@understudy/queues";
import { type AttemptStop, type AttemptWatch, startAttemptWatch } from "../src/attempt-watch.ts";
import { AttemptFakes } from "./attempt-fakes.ts";

/** Jobs that Postgres says were cancelled. */
let cancelled: string[];
/** Those that others have taken over, by the attempt that had them. */
let taken: { id: string; attempt: number }[];
let takenOverCount: number;
/** The jobs of each question to Postgres. */
let asked: string[][];
let isAway: boolean;
/** Attempts that Postgres says are this process'. */
let own: { id: string; attempt: number }[];
let givenBack: { id: string; attempt: number }[];
/** What Redis calls, by job. */
let listeners: Map<string, () => void>;
let fakes: AttemptFakes;
let watch: AttemptWatch;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
  [cancelled, taken, takenOverCount] = [[], [], 0];
  [asked, isAway, listeners, fakes] = [[], false, new Map(), new AttemptFakes()];
  [own, givenBack] = [[], []];
  const execute = async ({ name }: { name: string }, items: { id: string; attempt: number }[]) => {
    if (name === "own-attempts") return own;
    if (name === "put-off-job") {
      givenBack.push(...items.map(({ id, attempt }) => ({ id, attempt })));
      own = own.filter(({ id }) => !items.some((item) => item.id === id));
      return items;
    }
    asked.push(items.map(({ id }) => id));
    if (isAway) throw new Error("Connection terminated");
    const isTaken = (item: { id: string; attempt: number }) =>
      taken.some(({ id, attempt }) => id === item.id && attempt === item.attempt);
    return items
      .filter((item) => cancelled.includes(item.id) || isTaken(item))
      .map(({ id }) => ({ id, isCancelled: cancelled.includes(id) }));
  };
  const on = (jobId: string, listener: () => void) => {
    listeners.set(jobId, listener);
    return () => listeners.delete(jobId);
  };
  watch = startAttemptWatch({
    database: { execute } as unknown as Database,
    cancellations: { on } as unknown as JobCancellations,
    workerId: "worker_1",
    onTakenOver: () => takenOverCount++,
    logger: fakes.logger(),
  });
});

afterEach(async () => {
  await watch.stop();
  jest.useRealTimers();
});

const heard: string[] = [];
beforeEach(() => {
  heard.length = 0;
});
const hear = (name: string) => (why: AttemptStop) => void heard.push(`${name} ${why}`);
const watchJob = (id: string, name = id, attempt = 1) => watch.watch({ id, attempt }, hear(name));

const look = () => jest.advanceTimersByTimeAsync(1_000);

it("hears at once from Redis that a job was cancelled, until it listens no more", () => {
  const stop = watchJob("job_1");
  listeners.get("job_1")?.();
  expect(heard).toEqual(["job_1 cancelled"]);
  stop();
  expect(listeners.size).toBe(0);
});

it("finds out within two seconds where Redis does not tell it, of each job that was cancelled", async () => {
  for (const id of ["job_1", "job_2", "job_3"]) watchJob(id);
  cancelled = ["job_1", "job_3"];
  await look();
  // Most jobs end before that: they are asked about never.
  expect([heard, asked]).toEqual([[], []]);
  await look();
  expect(heard).toEqual(["job_1 cancelled", "job_3 cancelled"]);
  expect(asked).toEqual([["job_1", "job_2", "job_3"]]);
});

it("asks about none that ended meanwhile, and nothing while there is none", async () => {
  const stop = watchJob("job_1");
  await look();
  watchJob("job_2");
  stop();
  await look();
  expect(asked).toEqual([]);
  await look();
  expect(asked).toEqual([["job_2"]]);
});

it("goes on listening for an attempt of a job that another attempt of it has ceased to listen for", async () => {
  const stop = watchJob("job_1", "first");
  watchJob("job_1", "second");
  stop();
  cancelled = ["job_1"];
  await look();
  await look();
  expect(heard).toEqual(["second cancelled"]);
});

it("looks again where Postgres was away", async () => {
  watchJob("job_1");
  cancelled = ["job_1"];
  isAway = true;
  await look();
  await look();
  expect(fakes.logged).toEqual([
    ["warn", "could not look whether attempts are to stop, and will again", { err: expect.any(Error) }],
  ]);
  isAway = false;
  await look();
  expect(heard).toEqual(["job_1 cancelled"]);
});

it("looks no more once it is stopped", async () => {
  watchJob("job_1");
  await watch.stop();
  await look();
  await look();
  expect(asked).toEqual([]);
});

it("is told once, however often it is found", async () => {
  watchJob("job_1");
  cancelled = ["job_1"];
  listeners.get("job_1")?.();
  for (const _ of [1, 2, 3]) await look();
  expect(heard).toEqual(["job_1 cancelled"]);
});

it("hears that others have taken a job over, and so does its worker; not of a later attempt that runs here", async () => {
  watchJob("job_1", "first", 1);
  watchJob("job_2", "other", 1);
  watchJob("job_3", "later", 2);
  taken = [
    { id: "job_1", attempt: 1 },
    { id: "job_3", attempt: 1 },
  ];
  await look();
  await look();
  expect(heard).toEqual(["first taken_over"]);
  expect(takenOverCount).toBe(1);
});

it("is no reason to take fewer jobs where an attempt has ended while that was asked", async () => {
  const stop = watchJob("job_1");
  await look();
  taken = [{ id: "job_1", attempt: 1 }];
  // As a put-off that is written while the question is on its way.
  const asking = look();
  stop();
  await asking;
  expect(takenOverCount).toBe(0);
});

it("gives back what Postgres says is this process' own, and nobody here has in hand: not at the first sight of it", async () => {
  const letGo = watch.hold("job_held");
  const letGoAgain = watch.hold("job_held");
  own = [
    { id: "job_held", attempt: 1 },
    { id: "job_stray", attempt: 3 },
  ];
  await look();
  expect(givenBack).toEqual([]);
  own.push({ id: "job_new", attempt: 1 });
  await look();
  expect(givenBack).toEqual([{ id: "job_stray", attempt: 3 }]);
  watch.hold("job_new");
  letGo();
  await look();
  await look();
  expect(givenBack).toHaveLength(1);
  letGoAgain();
  await look();
  await look();
  expect(givenBack.slice(1)).toEqual([{ id: "job_held", attempt: 1 }]);
  expect(fakes.logged.map(([, message]) => message)).toEqual(
    Array(2).fill("a claim was committed unheard: its job is given back"),
  );
});

it("gives all of that back when it stops", async () => {
  own = [{ id: "job_1", attempt: 1 }];
  await watch.stop();
  expect(givenBack).toEqual([{ id: "job_1", attempt: 1 }]);
});
