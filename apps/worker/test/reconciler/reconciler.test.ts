import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { startReconciler } from "../../src/reconciler/reconciler.ts";
import type { ReconcilerDependencies } from "../../src/reconciler/reconciler-dependencies.ts";
import { AttemptFakes } from "../attempt-fakes.ts";

const withPostgres = ["takeOver", "expireJobs", "giveUpCalls", "giveBackHolds"];
const withRedis = [
  ...["refillRedis", "dispatchUndispatched", "findAbsent", "moveLanes", "findReleased", "removeEnded"],
  ...["applyChangedTerms", "wakeWaitingJobs", "hurryTicks"],
];
const steps = [...withPostgres, ...withRedis];

/** Both rounds are taken side by side: in each the order counts. */
const inRounds = (names: string[]) => [
  names.filter((name) => withPostgres.includes(name)),
  names.filter((name) => withRedis.includes(name)),
];

/** Whether this process has the lease, as Postgres says; an error where that is away. */
let held: boolean | Error;
let leaseEnds: number;
let leaseRenewals: number;
let failed: string[];
let fakes: AttemptFakes;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
  [failed, fakes, held, leaseEnds, leaseRenewals] = [[], new AttemptFakes(), true, 0, 0];
});

afterEach(() => {
  jest.useRealTimers();
});

/** Nothing but the lease can be asked of Postgres, and Redis is away: every step fails at once. */
function dependencies(onFailure = (_step: string) => {}): ReconcilerDependencies {
  const away = new Proxy({}, { get: () => () => Promise.reject(new Error("away")) });
  const inc = ({ sweep }: { sweep: string }) => {
    failed.push(sweep);
    onFailure(sweep);
  };
  const execute = async ({ name }: { name: string }) => {
    if (name === "end-lease") leaseEnds += 1;
    if (name === "end-lease") return [];
    if (name !== "hold-lease") throw new Error("away");
    leaseRenewals += 1;
    if (held instanceof Error) throw held;
    return held ? [{ heldSeconds: 1 }] : [];
  };
  return {
    ...{ database: { execute }, ledger: away, charges: away, redis: away },
    lease: { workerId: "worker_1", isHeld: () => true, heldSeconds: () => 1_000 },
    dispatcher: new Proxy(
      { lanes: away },
      { get: (own, name) => Reflect.get(name === "lanes" ? own : away, name) },
    ),
    telemetry: { metrics: { sweepFailures: { inc } } },
    logger: fakes.logger(),
  } as unknown as ReconcilerDependencies;
}

it("takes every step in turn, whichever fails; then lets others try for three seconds, whose connections may be better", async () => {
  const reconciler = startReconciler(dependencies());
  await jest.advanceTimersByTimeAsync(0);
  expect(inRounds(failed)).toEqual([withPostgres, withRedis]);
  expect(fakes.logged).toEqual(
    failed.map((step) => [
      "warn",
      "a step of the reconciler failed and will be tried again",
      { err: expect.any(Error), step },
    ]),
  );
  // One for each round: its steps took no time.
  expect([leaseEnds, leaseRenewals]).toEqual([2, 2]);
  await jest.advanceTimersByTimeAsync(2_999);
  expect(failed).toHaveLength(steps.length);
  await jest.advanceTimersByTimeAsync(1);
  expect(inRounds(failed)).toEqual([
    [...withPostgres, ...withPostgres],
    [...withRedis, ...withRedis],
  ]);
  await reconciler.stop();
  expect(leaseEnds).toBe(6);
});

it("takes none while another worker's does, or while nobody can know, and begins when it is elected", async () => {
  held = false;
  const reconciler = startReconciler(dependencies());
  await jest.advanceTimersByTimeAsync(0);
  held = new Error("Postgres is away");
  await jest.advanceTimersByTimeAsync(1_000);
  expect([failed, fakes.logged]).toEqual([[], []]);
  held = true;
  await jest.advanceTimersByTimeAsync(1_000);
  expect(inRounds(failed)).toEqual([withPostgres, withRedis]);
  await reconciler.stop();
});

it("begins no other step once it is stopped", async () => {
  let stopped: Promise<void> | undefined;
  const reconciler = startReconciler(
    dependencies((step) => {
      if (step === "dispatchUndispatched") stopped = reconciler.stop();
    }),
  );
  await jest.advanceTimersByTimeAsync(0);
  await stopped;
  expect(inRounds(failed)[1]).toEqual(withRedis.slice(0, 2));
});

it("takes no further step where one took long and another worker has been elected meanwhile", async () => {
  const reconciler = startReconciler(
    dependencies((step) => {
      if (step !== "takeOver") return;
      held = false;
      jest.advanceTimersByTime(1_000);
    }),
  );
  await jest.advanceTimersByTimeAsync(0);
  expect(inRounds(failed)[0]).toEqual(["takeOver"]);
  await reconciler.stop();
});
