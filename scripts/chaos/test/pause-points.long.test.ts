import { afterEach, describe, expect, it } from "@jest/globals";
import { connectRedis, Dispatcher } from "@understudy/queues";
import { readBill, type Stack, startStack } from "@understudy/testkit";

const preload = `--import ${new URL("../pause-at-point.mjs", import.meta.url).href}`;

let stack: Stack;

afterEach(() => stack.stop());

/** What is on record of a job whose worker died at that point. */
async function killedAt(point: string) {
  stack = await startStack({ environment: { NODE_OPTIONS: preload } });
  const [worker] = stack.workers;
  worker?.tell({ pauseAt: point, signal: "SIGKILL", nth: 1 });
  const id = await stack.submit("messaging", {
    creatorId: "psy",
    input: { fanId: "f", message: "Hi there!" },
  });
  expect(await worker?.ended).toBe("SIGKILL");
  const { status, attempt } = await stack.database.prisma.job.findUniqueOrThrow({ where: { id } });
  const calls = await stack.database.prisma.usageLog.findMany();
  const bill = await readBill(stack.emulatorUrl);
  return {
    status,
    attempt,
    calls: calls.map((call) => call.status),
    billed: bill.length,
    active: await activeCount(),
  };
}

/** Deliveries that BullMQ takes for being worked on. */
async function activeCount(): Promise<number | undefined> {
  const redis = connectRedis(stack.redis.url, "consumer");
  try {
    return (await new Dispatcher(redis, {}).queue("messaging").getJobCounts("active")).active;
  } finally {
    redis.disconnect();
  }
}

describe("a worker killed where a job has just been", () => {
  it.each([
    ["picked", { status: "queued", attempt: 0, calls: [], billed: 0, active: 1 }],
    ["claimed", { status: "running", attempt: 1, calls: [], billed: 0, active: 1 }],
    ["opened", { status: "running", attempt: 1, calls: ["started"], billed: 0, active: 1 }],
    ["answered", { status: "running", attempt: 1, calls: ["started"], billed: 1, active: 1 }],
    ["settled", { status: "running", attempt: 1, calls: ["settled"], billed: 1, active: 1 }],
    ["finished", { status: "completed", attempt: 1, calls: ["settled"], billed: 1, active: 1 }],
    ["acknowledged", { status: "completed", attempt: 1, calls: ["settled"], billed: 1, active: 0 }],
  ])("%s", async (point, state) => {
    expect(await killedAt(point)).toEqual(state);
  });
});
