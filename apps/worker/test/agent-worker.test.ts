import { describe, expect, it } from "@jest/globals";
import type { JobPayload } from "@understudy/queues";
import { UnrecoverableError, WaitingError } from "bullmq";
import pLimit from "p-limit";
import { type Pool, runDelivery } from "../src/agent-worker.ts";
import type { WorkerDependencies } from "../src/run-agent-job.ts";
import { AttemptFakes } from "./attempt-fakes.ts";
import { testAgent } from "./attempt-run.ts";

const payload: JobPayload = { jobId: "job_1", creatorId: "psy", generation: 3 };
const refused = { kind: "refused", httpStatus: 503, errorCode: "unavailable", retryable: true } as const;

function poolOf(fakes: AttemptFakes, size = 1): Pool {
  return {
    name: "worker_1",
    size,
    limit: pLimit(size),
    picked: (name) => fakes.seen.push(["picked", name]),
    acknowledged: () => {},
    started: async (job) => fakes.seen.push(["started", job]),
  };
}

/** Runs a delivery. @returns what Bull Board shows of it, or what BullMQ is told by what is thrown */
async function deliver(
  fakes: AttemptFakes,
  { data = payload, ...over }: Partial<WorkerDependencies> & { data?: object } = {},
): Promise<unknown> {
  const moveToWait = async (token?: string) => fakes.seen.push(["given back", token]);
  const delivery = { data: data as JobPayload, moveToWait };
  return runDelivery(fakes.dependencies(over), testAgent, poolOf(fakes), delivery, "token").catch(
    (error) => error,
  );
}

describe("a delivery", () => {
  it("is picked, claimed, makes room for others then, and is done with", async () => {
    const fakes = new AttemptFakes();
    expect(await deliver(fakes)).toBeUndefined();
    const claim = { id: "job_1", generation: 3, timeoutSeconds: testAgent.queue.timeoutSeconds };
    expect(fakes.seen.slice(0, 3)).toEqual([
      ["picked", "test"],
      ["claim", expect.objectContaining(claim)],
      ["started", { id: "job_1", generation: 3, agent: "test" }],
    ]);
  });

  it("that is late makes room for others as well", async () => {
    const fakes = new AttemptFakes();
    fakes.job = undefined;
    expect(await deliver(fakes)).toBe("It runs, has ended, or was dispatched again.");
    expect(fakes.happened("started")).toHaveLength(1);
  });

  it("is given back a second later where its job can't be claimed, whatever is thrown, and uses nothing up", async () => {
    const fakes = new AttemptFakes();
    const before = performance.now();
    expect(
      await deliver(fakes, { claim: () => Promise.reject(new Error("a fault of ours")) }),
    ).toBeInstanceOf(WaitingError);
    expect(fakes.happened("given back")).toEqual([["given back", "token"]]);
    expect(performance.now() - before).toBeGreaterThan(990);
    expect(fakes.happened("started", "finish", "put off")).toEqual([]);
  });

  it("is given back at once where the worker gives back what it has, also while it waits for that", async () => {
    const fakes = new AttemptFakes();
    const claim = () => Promise.reject(new Error("a fault of ours"));
    const [waiting, working] = [deliver(fakes, { claim }), new AttemptFakes()];
    const pausing = deliver(working, { claim });
    while (working.logged.length === 0) await new Promise((resolve) => setImmediate(resolve));
    fakes.stopping.abort();
    for (const one of [waiting, deliver(fakes, { claim })]) expect(await one).toBeInstanceOf(WaitingError);
    expect(fakes.happened("given back")).toHaveLength(2);
    expect(working.happened("given back")).toEqual([]);
    await pausing;
  });

  it("is handed out no more once its job is claimed, whatever is thrown then", async () => {
    const fakes = new AttemptFakes();
    const fault = () => Promise.reject(new Error("a fault of ours"));
    expect(await deliver(fakes, { finish: fault, putOff: fault })).toMatchObject({
      message: "a fault of ours",
    });
    expect(fakes.happened("given back")).toEqual([]);
    expect(fakes.logged.at(-1)).toMatchObject(["error", "a delivery could not be run", { isClaimed: true }]);
  });

  it("waits for its turn where the worker is full", async () => {
    const fakes = new AttemptFakes();
    const pool = poolOf(fakes);
    let end = () => {};
    const full = pool.limit(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const delivery = { data: payload, moveToWait: async () => 0 };
    const running = runDelivery(fakes.dependencies(), testAgent, pool, delivery);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fakes.seen).toEqual([["picked", "test"]]);
    end();
    await Promise.all([full, running]);
    expect(fakes.happened("started", "claim")).toHaveLength(2);
  });

  it("is refused for good where it is not one of ours, and nothing is run", async () => {
    const fakes = new AttemptFakes();
    const end = await deliver(fakes, { data: { jobId: "x", generation: 0 } });
    expect(end).toBeInstanceOf(UnrecoverableError);
    expect(end).toMatchObject({ message: "The payload is not one of ours." });
    expect(fakes.seen).toEqual([["picked", "test"]]);
  });

  it("has failed where its job has, as Bull Board shows", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => ({ ...refused, httpStatus: 400, retryable: false });
    const end = await deliver(fakes);
    expect(end).toBeInstanceOf(UnrecoverableError);
    expect(end).toMatchObject({ message: expect.stringMatching(/^provider_refused: /) });
  });

  it("is done with where its job is to be tried again: that is dispatched anew", async () => {
    const fakes = new AttemptFakes();
    fakes.generate = () => refused;
    expect(await deliver(fakes)).toMatch(/^provider_unavailable: /);
    expect(fakes.happened("put off", "finish").map(([what]) => what)).toEqual(["put off"]);
  });
});
