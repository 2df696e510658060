import { afterEach, expect } from "@jest/globals";
import { terminalStatuses } from "@understudy/contracts";
import type { RunningPostgres } from "@understudy/local-services";
import { connectRedis } from "@understudy/queues";
import {
  eventually,
  type Stack,
  type StackOptions,
  startStack,
  startTestPostgres,
  watchStack,
} from "@understudy/testkit";
import pg from "pg";

/** The stack of the test that runs; ended after it. */
export let stack: Stack;

/** Of a test that crashes it. */
export let postgres: RunningPostgres | undefined;

let watch: ReturnType<typeof watchStack>;

afterEach(async () => {
  try {
    await watch.stop();
  } finally {
    await stack.stop();
    await postgres?.remove();
    postgres = undefined;
  }
});

export async function start(options: StackOptions = {}): Promise<void> {
  stack = await startStack({
    ...options,
    environment: (services) => ({
      WORKER_ATTEMPT_SECONDS: "5",
      ...(typeof options.environment === "function" ? options.environment(services) : options.environment),
    }),
  });
  // During every fault, not only after it.
  watch = watchStack(stack);
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1000 },
  });
}

export function submitMany(count: number): Promise<string[]> {
  const input = (index: number) => ({
    fanId: `fan_${index}`,
    message: `Hello number ${index}, when is the next show?`,
  });
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      stack.submit("messaging", { creatorId: "psy", input: input(index) }),
    ),
  );
}

/** Calls that are written down and have not ended. */
export const openCalls = () => stack.database.prisma.usageLog.count({ where: { status: "started" } });

export const countBy = (where: object) => stack.database.prisma.job.count({ where });

/** How the jobs have ended: how many by status, or by the reason of those that failed. */
export async function ends(): Promise<Record<string, number>> {
  const groups = await stack.database.prisma.job.groupBy({ by: ["status", "errorCode"], _count: true });
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

export async function withClient<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
