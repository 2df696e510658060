import { setTimeout as sleep } from "node:timers/promises";
import type { LaneTermsRow } from "@understudy/contracts";
import { newId } from "@understudy/database";
import { connectRedis, Dispatcher } from "@understudy/queues";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { plainQueue } from "./plain-queue.ts";
import { type Design, type FairJob, fairAgent } from "./worker-messages.ts";

export interface FairCreator {
  id: string;
  terms: Pick<LaneTermsRow, "ratePerHour" | "burst" | "weight">;
}

/** Lets jobs in as the API does: for ours into lanes, else straight into the queue. */
export interface Feeder {
  add(jobs: readonly NewJob[]): Promise<void>;
  close(): Promise<void>;
}

export interface NewJob {
  id: string;
  creator: FairCreator;
}

const batchSize = 500;

export async function openFeeder(design: Design, redisUrl: string): Promise<Feeder> {
  const redis = await connectedProducer(redisUrl);
  return design === "lanes" ? await laneFeeder(redis) : queueFeeder(redis);
}

/** A producer's connection that is up. */
export async function connectedProducer(redisUrl: string): Promise<Redis> {
  const redis = connectRedis(redisUrl, "producer");
  while (redis.status !== "ready") await sleep(5);
  return redis;
}

/** A job as the API hands it on; its creator is newer than this Redis, so that its bucket is full. */
export function laneJob({ id, creator }: NewJob) {
  const creatorSince = new Date(Date.now() + 60_000).toISOString();
  return {
    id,
    agent: fairAgent,
    creatorId: creator.id,
    generation: 1,
    priority: 100,
    notBefore: null,
    terms: { ...creator.terms, creatorSince, isPaused: false },
  };
}

async function laneFeeder(redis: Redis): Promise<Feeder> {
  const dispatcher = new Dispatcher(redis, { [fairAgent]: 1 });
  await dispatcher.move({});
  return {
    async add(jobs) {
      await dispatcher.dispatch(jobs.map(laneJob));
    },
    async close() {
      await dispatcher.close();
      redis.disconnect();
    },
  };
}

function queueFeeder(redis: Redis): Feeder {
  const { name, prefix } = plainQueue;
  const queue = new Queue<FairJob>(name, { connection: redis, prefix, skipVersionCheck: true });
  queue.on("error", () => {});
  return {
    async add(jobs) {
      await queue.addBulk(
        jobs.map(({ id, creator }) => ({
          name,
          data: { jobId: id, creatorId: creator.id, generation: 1 },
          opts: { jobId: id },
        })),
      );
    },
    async close() {
      await queue.close();
      redis.disconnect();
    },
  };
}

/** Adds `count` jobs of each creator, in turn. */
export async function fill(
  feeder: Feeder,
  creators: readonly FairCreator[],
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const all = count * creators.length;
  for (let from = 0; from < all; from += batchSize) {
    signal.throwIfAborted();
    const size = Math.min(batchSize, all - from);
    await feeder.add(
      Array.from({ length: size }, (_, index) => ({
        id: newId("job"),
        creator: creators[(from + index) % creators.length] as FairCreator,
      })),
    );
  }
}
