import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "@understudy/database";
import { agentQueue, connectRedis, Dispatcher, type JobPayload, laneEntry } from "@understudy/queues";
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { type BenchRun, takeTurns, withEnds } from "../bench-run.ts";
import { bound, compare, type Finding } from "../finding.ts";
import { cpuSeconds, startFairRedis } from "./fair-run.ts";
import { connectedProducer, type FairCreator, fill, laneJob } from "./feeder.ts";
import { fairAgent } from "./worker-messages.ts";

const small = 1_000;
const large = 1_000_000;
const creators = 1_000;
const cycles = 1_000;
const rounds = 5;
const bytesMax = 150;

/** µs of one job. */
interface Cost {
  redis: number;
  wall: number;
}

interface Filled {
  redis: Redis;
  dispatcher: Dispatcher;
  worker: Worker<JobPayload>;
  bytesPerJob: number;
}

/** Half of the creators wait for a token, an hour each; the others' jobs may all start. */
const all = Array.from({ length: creators }, (_, index): FairCreator => {
  const isParked = index % 2 === 1;
  return {
    id: `creator_${index}`,
    terms: isParked
      ? { ratePerHour: 1, burst: 1, weight: 1 }
      : { ratePerHour: 1_000_000_000, burst: 1_000_000, weight: 1 },
  };
});
const free = all.filter((_, index) => index % 2 === 0);

/** What a job costs, and takes, when a thousand or a million others wait. */
export async function growth(run: BenchRun): Promise<Finding[]> {
  const waiting = Math.round(large * run.scale);
  return await withEnds(run, async (run) => {
    const few = await filled(run, small);
    const many = await filled(run, waiting);
    const name = (count: number) => `${count.toLocaleString("en")} waiting`;
    const show = ({ redis, wall }: Cost) => `${redis.toFixed(0)} µs of Redis, ${wall.toFixed(0)} µs in all`;
    const wholeCosts = await takeTurns(run, rounds, [
      { name: `a job, ${name(small)}`, measure: () => runJobs(few), show },
      { name: `a job, ${name(waiting)}`, measure: () => runJobs(many), show },
    ]);
    const laneCosts = await takeTurns(run, rounds, [
      { name: `a move, ${name(small)}`, measure: () => moveJobs(few), show },
      { name: `a move, ${name(waiting)}`, measure: () => moveJobs(many), show },
    ]);
    return [
      ...ratios("a job, accepted to finished", wholeCosts, `with ${name(small)}`),
      ...ratios("a move of the lanes alone", laneCosts, `with ${name(small)}`),
      bound({
        benchmark: "fairness",
        what: `a waiting job, ${name(waiting)}`,
        unit: "bytes",
        ours: [many.bytesPerJob],
        goalMax: bytesMax,
      }),
    ];
  });
}

function ratios(what: string, [few = [], many = []]: Cost[][], peerName: string): Finding[] {
  return (["redis", "wall"] as const).map((kind) =>
    compare({
      benchmark: "fairness",
      what: `${what}: ${kind === "redis" ? "Redis CPU" : "time"}`,
      unit: "µs",
      ours: many.map((cost) => cost[kind]),
      peerName,
      peer: few.map((cost) => cost[kind]),
      goalMax: 1.2,
    }),
  );
}

/** A Redis of its own in whose lanes `count` jobs wait. */
async function filled(run: BenchRun, count: number): Promise<Filled> {
  const redisUrl = await startFairRedis(run);
  const redis = await connectedProducer(redisUrl);
  const consumer = connectRedis(redisUrl, "consumer");
  const dispatcher = new Dispatcher(redis, { [fairAgent]: 1 });
  const { name, prefix } = agentQueue(fairAgent);
  const worker = new Worker<JobPayload>(name, null, { connection: consumer, prefix, autorun: false });
  run.atEnd(async () => {
    redis.disconnect();
    consumer.disconnect();
  });
  run.atEnd(async () => dispatcher.close());
  run.atEnd(async () => worker.close(true));
  await worker.waitUntilReady();
  await dispatcher.move({});
  const before = await usedMemory(redis);
  const feeder = {
    async add(jobs: Parameters<typeof laneJob>[0][]) {
      await dispatcher.dispatch(jobs.map(laneJob));
    },
    close: async () => {},
  };
  const startedAt = performance.now();
  await fill(feeder, all, Math.ceil(count / creators), run.signal);
  const bytesPerJob = ((await usedMemory(redis)) - before) / count;
  const seconds = (performance.now() - startedAt) / 1000;
  run.report(
    `${count.toLocaleString("en")} jobs into lanes in ${seconds.toFixed(1)} s, ${bytesPerJob.toFixed(0)} bytes each`,
  );
  await untilRewritten(run, redis);
  return { redis, dispatcher, worker, bytesPerJob };
}

/** One job after another is accepted, and one runs to its end. */
async function runJobs({ redis, dispatcher, worker }: Filled): Promise<Cost> {
  return await costOf(redis, async (creator) => {
    await dispatcher.dispatch([laneJob({ id: newId("job"), creator })]);
    const job = await worker.getNextJob("bench", { block: false });
    if (!job) throw new Error("Nothing was released.");
    await dispatcher.started([{ id: job.data.jobId, generation: 1, agent: fairAgent }]);
    await job.moveToCompleted(null, "bench", false);
  });
}

/** The same without BullMQ: a job enters its lane while another starts, which makes room for a third. */
async function moveJobs({ redis, dispatcher: { lanes } }: Filled): Promise<Cost> {
  const released = await lanes.overdue(-60_000, 1_000);
  return await costOf(redis, async (creator) => {
    const { terms, ...job } = laneJob({ id: newId("job"), creator });
    const moved = await lanes.move({
      enter: [
        {
          ...job,
          entry: laneEntry(job),
          terms,
          creatorSince: new Date(terms.creatorSince),
          isPaused: false,
        },
      ],
      started: released.splice(0, 1),
    });
    released.push(...moved.released.map(({ entry }) => entry));
  });
}

async function costOf(redis: Redis, cycle: (creator: FairCreator) => Promise<void>): Promise<Cost> {
  const [cpu, at] = [await cpuSeconds(redis), performance.now()];
  for (let turn = 0; turn < cycles; turn++) await cycle(free[turn % free.length] as FairCreator);
  return {
    redis: (((await cpuSeconds(redis)) - cpu) * 1e6) / cycles,
    wall: ((performance.now() - at) * 1e3) / cycles,
  };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
}

/** Until Redis no longer writes its append-only file anew, which many writes bring on. */
async function untilRewritten({ signal }: BenchRun, redis: Redis): Promise<void> {
  while (/^aof_rewrite_(in_progress|scheduled):1/m.test(await redis.info("persistence"))) {
    await sleep(100, undefined, { signal });
  }
}
