import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import {
  appProcesses,
  assertInvariants,
  eventually,
  livingOf,
  type ServiceProcess,
  type Stack,
  startStack,
} from "@understudy/testkit";

let stack: Stack;
let worker: ServiceProcess;
/** Of all its processes that there have been. */
let pids: number[];
let ids: string[];
const accepted: string[] = [];

const running = () => stack.database.prisma.job.count({ where: { status: "running" } });

/** Two workers, each for one job at once. */
async function startWorker(): Promise<void> {
  worker = await stack.addWorker({
    ...{ WORKER_PROCESSES: "2", WORKER_CONCURRENCY: "1", WORKER_STOP_SECONDS: "0", METRICS_PORT: "0" },
    // After which calls of those that are killed are given up; the others end before.
    ...{ WORKER_ATTEMPT_SECONDS: "20" },
  });
  pids = appProcesses(worker);
}

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  await startWorker();
});

afterAll(async () => {
  await worker.kill();
  await eventually(() => expect(livingOf(pids)).toEqual([]));
  await stack.stop();
});

/** Two jobs that run and take long. */
beforeEach(async () => {
  await stack.rule({ match: {}, respond: { delayMs: 10_000 }, times: 2 });
  ids = await Promise.all(
    [1, 2].map((number) =>
      stack.submit("test", { creatorId: `creator_${number}`, input: { prompt: "Hello" } }),
    ),
  );
  accepted.push(...ids);
  await eventually(async () => expect(await running()).toBe(2));
});

async function metric(series: string): Promise<number | undefined> {
  const text = await (await fetch(`${worker.details.metricsUrl}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

const health = async () => (await fetch(`${worker.details.metricsUrl}/healthz`)).status;

/** The jobs end, in whatever worker. */
async function finish(): Promise<void> {
  await stack.dropRules();
  await eventually(async () => {
    for (const id of ids) expect((await stack.job(id)).status).toBe("completed");
  }, 120_000);
}

it("runs jobs in each of its processes, which count as one; those of one that is killed are run again", async () => {
  const claims = await stack.database.prisma.job.findMany({ select: { workerId: true } });
  expect(new Set(claims.map(({ workerId }) => workerId)).size).toBe(2);
  expect(await metric("understudy_worker_concurrency")).toBe(2);
  expect(await metric("understudy_worker_jobs_in_progress")).toBe(2);
  expect(await metric('understudy_job_starts_total{agent="test"}')).toBe(2);
  expect(await metric('understudy_up{dependency="postgres"}')).toBe(1);
  expect(await health()).toBe(200);

  const [killed = 0, other = 0] = pids;
  process.kill(killed, "SIGKILL");
  await eventually(async () => expect(await health()).toBe(503));
  expect(await metric('understudy_job_starts_total{agent="test"}')).toBe(2);
  await eventually(async () => expect(await health()).toBe(200));
  expect(appProcesses(worker)[1]).toBe(other);
  expect(livingOf(appProcesses(worker))).toHaveLength(2);
  await eventually(async () => expect(await metric('understudy_job_starts_total{agent="test"}')).toBe(3));
  pids = [...pids, ...appProcesses(worker)];
  await finish();
});

it("gives all jobs back when it stops, and leaves no process behind", async () => {
  expect(await worker.stop()).toBe(0);
  expect(livingOf(pids)).toEqual([]);
  expect(await running()).toBe(0);
  await startWorker();
  await finish();
});

it("gives all jobs back when its parent is killed", async () => {
  await worker.kill();
  await eventually(() => expect(livingOf(pids)).toEqual([]));
  expect(await running()).toBe(0);
  await startWorker();
  await finish();
});

it("the invariants hold at the end", async () => {
  // Calls of those that were killed are given up at their deadline.
  await eventually(
    async () => expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(0),
    120_000,
  );
  await assertInvariants(stack, accepted, 5);
});
