import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Database } from "@understudy/database";
import { holdWorkerLease, type WorkerLease } from "../src/worker-lease.ts";
import { AttemptFakes } from "./attempt-fakes.ts";

/** What Postgres says of the lease when it is renewed: since when it is held, or that it is away. */
let answer: number | Error;
let asked: { name: string; item: { name: string; holder: string; seconds?: number } }[];
let lapses: number;
let fakes: AttemptFakes;
let lease: WorkerLease | undefined;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
  [answer, asked, lapses, fakes, lease] = [0, [], 0, new AttemptFakes(), undefined];
});

afterEach(async () => {
  await lease?.stop();
  jest.useRealTimers();
});

function hold(): Promise<WorkerLease> {
  const execute = async ({ name }: { name: string }, [item]: (typeof asked)[number]["item"][]) => {
    if (item) asked.push({ name, item });
    if (answer instanceof Error) throw answer;
    return name === "hold-lease" ? [{ heldSeconds: answer }] : [];
  };
  return holdWorkerLease({
    database: { execute } as unknown as Database,
    logger: fakes.logger(),
    onLapse: () => lapses++,
  });
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe("a worker's lease", () => {
  it("is its own, for eight seconds, and renewed every two", async () => {
    lease = await hold();
    const { workerId } = lease;
    expect(workerId).toMatch(/^worker_/);
    answer = 2;
    await pass(1_999);
    expect(asked).toHaveLength(1);
    await pass(1);
    const item = { name: workerId, holder: workerId, seconds: 8 };
    expect(asked).toEqual(Array(2).fill({ name: "hold-lease", item }));
    expect([lease.isHeld(), lease.heldSeconds()]).toEqual([true, 2]);
    await pass(1_500);
    expect(lease.heldSeconds()).toBe(3.5);
  });

  it("is waited for: a worker without Postgres is not ready", async () => {
    answer = new Error("away");
    let isHeld = false;
    const holding = hold().then((held) => {
      isHeld = true;
      lease = held;
    });
    await pass(30_000);
    expect([isHeld, asked.length]).toEqual([false, 61]);
    answer = 0;
    await pass(500);
    await holding;
    expect(isHeld).toBe(true);
  });

  it("counts as not held while Postgres is away, and is tried more often then", async () => {
    lease = await hold();
    answer = 2;
    await pass(2_000);
    answer = new Error("away");
    await pass(2_000);
    expect([lease.isHeld(), lease.heldSeconds()]).toEqual([false, 0]);
    const before = asked.length;
    await pass(1_500);
    expect(asked.length - before).toBe(3);
    answer = 0;
    await pass(500);
    // It was Postgres that was silent, not this process.
    expect(lapses).toBe(0);
    expect(fakes.logged.map(([, message]) => message)).toEqual([
      "Postgres does not hear that this worker lives",
    ]);
  });

  it("is believed anew after an outage that was shorter than it: others may have lapsed, and not been heard yet", async () => {
    lease = await hold();
    answer = 100;
    await pass(2_000);
    answer = new Error("away");
    await pass(7_400);
    answer = 107.9;
    await pass(500);
    expect(lease.isHeld()).toBe(true);
    expect(lease.heldSeconds()).toBeCloseTo(0.4);
    await pass(1_500);
    expect(lease.heldSeconds()).toBeCloseTo(1.9);
  });

  it("is not believed where the process itself was frozen", async () => {
    lease = await hold();
    answer = 100;
    await pass(2_000);
    jest.setSystemTime(Date.now() + 7_000);
    const frozen = performance.now() + 6_000;
    const clock = jest.spyOn(performance, "now").mockImplementation(() => frozen);
    expect([lease.isHeld(), lease.heldSeconds()]).toEqual([false, 0]);
    clock.mockRestore();
  });

  it("that had ended before it was renewed is told of: others may have taken its jobs over", async () => {
    lease = await hold();
    answer = 20;
    await pass(2_000);
    expect(lapses).toBe(0);
    answer = 0;
    await pass(2_000);
    expect(lapses).toBe(1);
  });

  it("is given up when the worker stops, and not renewed any more", async () => {
    lease = await hold();
    await lease.stop();
    expect(asked.at(-1)).toMatchObject({ name: "end-lease", item: { name: lease.workerId } });
    const { length } = asked;
    await pass(10_000);
    expect(asked).toHaveLength(length);
  });
});
