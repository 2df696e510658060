import { afterAll, afterEach, expect } from "@jest/globals";
import { terminalStatuses } from "@understudy/contracts";
import type { RunningPostgres } from "@understudy/local-services";
import { connectRedis } from "@understudy/queues";
import {
  assertInvariants,
  eventually,
  readBill,
  type ServiceProcess,
  type Stack,
  type StackOptions,
  startStack,
  startTestPostgres,
  watchStack,
} from "@understudy/testkit";
import pg from "pg";

/** The stack of the test that runs; ended after it, unless the file's tests share it. */
export let stack: Stack;

/** Whose jobs the test's are, so that it counts none of another test. */
export let creatorId = "psy";

/** Of a test that crashes it. */
let postgres: RunningPostgres | undefined;

let watch: ReturnType<typeof watchStack> | undefined;

type SharedOptions = Omit<StackOptions, "postgresUrl" | "workers"> & {
  /** Whether it has a Postgres that the tests may crash. */
  hasOwnPostgres?: boolean;
};

/** What the tests of a file have in common. */
interface Shared {
  options: () => SharedOptions;
  isRunning: boolean;
  /** Whether the last test came to its end: the next one starts anew after one that did not. */
  isAtRest: boolean;
  tests: number;
  accepted: string[];
  /** Calls that earlier tests have lost. */
  lostCalls: number;
  /** Those that have not ended, by their settings. */
  workers: Map<ServiceProcess, string>;
  /** Of the workers of the test that runs. */
  settings: Record<string, string>;
}

let shared: Shared | undefined;

afterEach(async () => {
  try {
    await watch?.stop();
  } finally {
    watch = undefined;
    if (!shared?.isAtRest) await end();
  }
});

async function end(): Promise<void> {
  if (shared) Object.assign(shared, { isRunning: false, accepted: [], lostCalls: 0, workers: new Map() });
  await stack.stop();
  await postgres?.remove();
  postgres = undefined;
}

export async function start(options: StackOptions = {}): Promise<void> {
  stack = await startStack({
    ...options,
    environment: (services) => ({
      WORKER_ATTEMPT_SECONDS: "5",
      ...(typeof options.environment === "function" ? options.environment(services) : options.environment),
    }),
  });
  await begin();
}

async function begin(): Promise<void> {
  // During every fault, not only after it.
  watch = watchStack(stack);
  await stack.request("PUT", `/api/ai/creators/${creatorId}`, {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1000 },
  });
}

/** The tests of this file run on one stack, one after the other: each calls `startWorkers`, and `assertRun` at its end. */
export function shareStack(options: () => SharedOptions = () => ({})): void {
  shared = {
    ...{ options, isRunning: false, isAtRest: true, tests: 0, accepted: [], lostCalls: 0 },
    ...{ workers: new Map(), settings: {} },
  };
  afterAll(async () => {
    if (shared?.isRunning) await end();
  });
}

/** So many workers of the shared stack with these settings, and no others; those that earlier tests have left are among them. */
export async function startWorkers(count = 1, settings: Record<string, string> = {}): Promise<void> {
  const of = sharedByTests();
  if (!of.isRunning) {
    const { hasOwnPostgres, ...options } = of.options();
    const own = hasOwnPostgres && { postgresUrl: (await startOwnPostgres()).url };
    stack = await startStack({ ...options, ...own, workers: 0 });
  }
  Object.assign(of, { isRunning: true, isAtRest: false, settings });
  creatorId = `psy_${++of.tests}`;
  await stack.dropRules();
  await begin();
  const same = [...of.workers]
    .filter(([, its]) => its === JSON.stringify(settings))
    .map(([worker]) => worker);
  const kept = same.slice(0, count);
  const others = [...of.workers.keys()].filter((worker) => !kept.includes(worker));
  await Promise.all(others.map((worker) => worker.stop()));
  stack.workers.splice(0, stack.workers.length, ...kept);
  await Promise.all(Array.from({ length: count - kept.length }, () => addWorker()));
}

/** One more worker of the shared stack, as the test's others are. */
export async function addWorker(more: Record<string, string> = {}): Promise<ServiceProcess> {
  const of = sharedByTests();
  const settings = { ...of.settings, ...more };
  const worker = await stack.addWorker(settings);
  of.workers.set(worker, JSON.stringify(settings));
  void worker.ended.then(() => of.workers.delete(worker));
  return worker;
}

/** Asserts the invariants of a test on the shared stack; see `assertInvariants`. */
export async function assertRun(accepted: readonly string[], lostCallsMax = 0): Promise<void> {
  const of = sharedByTests();
  of.accepted.push(...accepted);
  await assertInvariants(stack, of.accepted, of.lostCalls + lostCallsMax);
  const billed = new Set((await readBill(stack.emulatorUrl)).map(({ callId }) => callId));
  const calls = await stack.database.prisma.usageLog.findMany({ select: { id: true, status: true } });
  of.lostCalls = calls.filter(({ id, status }) => status === "unknown" || !billed.has(id)).length;
  of.isAtRest = true;
}

function sharedByTests(): Shared {
  if (!shared) throw new Error("The tests of this file share no stack.");
  return shared;
}

/** @param greeting with which their messages begin */
export function submitMany(count: number, greeting = "Hello"): Promise<string[]> {
  const input = (index: number) => ({
    fanId: `fan_${index}`,
    message: `${greeting} number ${index}, when is the next show?`,
  });
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      stack.submit("messaging", { creatorId, input: input(index) }),
    ),
  );
}

/** Calls that are written down and have not ended. */
export const openCalls = () => countCalls({ status: "started" });

/** What is the test's own: all that is there, unless tests share a stack. */
const own = () => (shared ? { creatorId } : {});

export const countCalls = (where: object) =>
  stack.database.prisma.usageLog.count({ where: { ...own(), ...where } });

export const countBy = (where: object) => stack.database.prisma.job.count({ where: { ...own(), ...where } });

/** How the jobs have ended: how many by status, or by the reason of those that failed. */
export async function ends(): Promise<Record<string, number>> {
  const groups = await stack.database.prisma.job.groupBy({
    by: ["status", "errorCode"],
    where: own(),
    _count: true,
  });
  const counts = Object.fromEntries(groups.map((group) => [group.errorCode ?? group.status, group._count]));
  // A fault in an agent is told in the worker's log alone.
  if (counts.agent_error) throw new Error(stack.workers.map((worker) => worker.output()).join("\n"));
  return counts;
}

/** Until every job has ended and no call is open. */
export function rest(timeoutMs = 90_000): Promise<void> {
  return eventually(async () => {
    expect(await countBy({ status: { notIn: [...terminalStatuses] } })).toBe(0);
    expect(await openCalls()).toBe(0);
  }, timeoutMs);
}

export async function withRedis<Result>(
  use: (redis: ReturnType<typeof connectRedis>) => Promise<Result>,
): Promise<Result> {
  const redis = connectRedis(stack.redis.url, "consumer");
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** Holds the creator's account locked: whoever opens or settles a call waits. */
export async function lockAccount(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query("BEGIN");
  await client.query(`SELECT FROM "Account" WHERE "creatorId" IS NOT NULL FOR UPDATE`);
  return () => client.end();
}

/** A Postgres of the test's own, which it may crash. */
export async function startOwnPostgres(): Promise<RunningPostgres> {
  postgres = await startTestPostgres();
  return postgres;
}

/** The one that is there to be crashed. */
export function ownPostgres(): RunningPostgres {
  if (!postgres) throw new Error("No Postgres of the test's own was started.");
  return postgres;
}

export async function withClient<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
