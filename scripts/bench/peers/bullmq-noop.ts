// Plain BullMQ: a prefilled queue, drained by one worker that does nothing. Tells how fast, at what CPU.
import { performance } from "node:perf_hooks";
import { Queue, Worker } from "bullmq";
import { z } from "zod";
import { cpuTimeUs } from "../cpu-time.ts";
import { peerOptions, tellBench } from "./peer.ts";

const batchSize = 500;

const { redisUrl, redisPid, jobs, warmUpJobs, concurrency } = peerOptions(
  z.object({
    redisUrl: z.string(),
    redisPid: z.int(),
    jobs: z.int(),
    warmUpJobs: z.int(),
    concurrency: z.int(),
  }),
);
const connection = { url: redisUrl };
const queue = new Queue("noop", { connection });
for (let added = 0; added < jobs; added += batchSize) {
  const count = Math.min(batchSize, jobs - added);
  await queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data: {} })));
}

let completed = 0;
let warmAt = 0;
let warmCpuUs = 0;

/** Of this process and Redis; NaN where the platform does not tell. */
const cpuUs = () => (cpuTimeUs(process.pid) ?? Number.NaN) + (cpuTimeUs(redisPid) ?? Number.NaN);

const worker = new Worker("noop", async () => {}, {
  connection: { ...connection, maxRetriesPerRequest: null },
  concurrency,
});
worker.on("completed", () => {
  completed += 1;
  if (completed === warmUpJobs) {
    warmAt = performance.now();
    warmCpuUs = cpuUs();
  }
  if (completed === jobs) {
    const counted = jobs - warmUpJobs;
    tellBench({
      jobsPerSecond: counted / ((performance.now() - warmAt) / 1000),
      cpuUs: (cpuUs() - warmCpuUs) / counted,
    });
    void worker.close().then(() => process.exit(0));
  }
});
