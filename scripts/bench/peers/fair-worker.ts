// A worker process of one of the designs that `fairness` compares. Its jobs do nothing but take their time.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { groupCommit } from "@understudy/database";
import { agentQueue, connectRedis, Dispatcher } from "@understudy/queues";
import { DelayedError, type Job, Worker } from "bullmq";
import { Redis } from "ioredis";
import { plainQueue } from "../fairness/plain-queue.ts";
import { type FairJob, fairAgent, fairWorkerOptions, type StartsNote } from "../fairness/worker-messages.ts";
import { peerOptions, tellBench } from "./peer.ts";

/** How many starts may share one move of the lanes, as in our worker. */
const groupMax = 200;

/** How often the bench is told what has started. */
const noteMs = 50;

/** What a design does with a job between its pick and its start. @throws DelayedError where it does not start */
type Admit = (job: Job<FairJob>, token: string | undefined) => Promise<void>;

const { redisUrl, design, jobMs, concurrency, interval, burst } = peerOptions(fairWorkerOptions);
let note: StartsNote = { picks: 0, starts: [] };
let running = 0;

const admit: Record<typeof design, () => Admit> = {
  fifo: () => async () => {},
  recheck: () => checkAgain(),
  lanes: () => noteStart(),
};
const admitJob = admit[design]();
const { name, prefix } = design === "lanes" ? agentQueue(fairAgent) : plainQueue;
const worker = new Worker<FairJob>(
  name,
  async (job, token) => {
    note.picks += 1;
    running += 1;
    try {
      await admitJob(job, token);
      const { jobId, creatorId } = job.data;
      note.starts.push([jobId, creatorId, performance.timeOrigin + performance.now()]);
      await sleep(jobMs);
    } finally {
      running -= 1;
    }
  },
  { connection: connectRedis(redisUrl, "consumer"), prefix, concurrency, skipVersionCheck: true },
);
worker.on("error", () => {});

await worker.waitUntilReady();
tellBench({ pid: process.pid });
setInterval(tellStarts, noteMs);

function tellStarts(): void {
  if (note.picks === 0) return;
  process.send?.(note);
  note = { picks: 0, starts: [] };
}

/** Without a token, it is put off until the creator's next one. */
function checkAgain(): Admit {
  const redis = new Redis(redisUrl) as Redis & {
    takeToken(bucket: string, interval: number, burst: number): Promise<number>;
  };
  redis.defineCommand("takeToken", {
    numberOfKeys: 1,
    lua: readFileSync(new URL("./take-token-1.lua", import.meta.url), "utf8"),
  });
  return async (job, token) => {
    const waitMs = await redis.takeToken(`bucket:${job.data.creatorId}`, interval, burst);
    if (waitMs === 0) return;
    await job.moveToDelayed(Date.now() + waitMs, token);
    throw new DelayedError();
  };
}

/** Ours: a job that is picked may start; its start makes room for the release of others. */
function noteStart(): Admit {
  const dispatcher = new Dispatcher(
    connectRedis(redisUrl, "producer"),
    { [fairAgent]: 1 },
    () => concurrency - running,
  );
  const started = groupCommit(
    groupMax,
    (id: string) => id,
    async (ids) => {
      await dispatcher.started(ids.map((id) => ({ id, generation: 1, agent: fairAgent })));
      return ids;
    },
  );
  return async (job) => void started(job.data.jobId);
}
