// Plain BullMQ: a prefilled queue, drained by one worker that does nothing. Tells how fast that went.
import { performance } from "node:perf_hooks";
import { Queue, Worker } from "bullmq";
import { z } from "zod";
import { peerOptions, tellBench } from "./peer.ts";

const batchSize = 500;

const { redisUrl, jobs, warmUpJobs, concurrency } = peerOptions(
  z.object({ redisUrl: z.string(), jobs: z.int(), warmUpJobs: z.int(), concurrency: z.int() }),
);
const connection = { url: redisUrl };
const queue = new Queue("noop", { connection });
for (let added = 0; added < jobs; added += batchSize) {
  const count = Math.min(batchSize, jobs - added);
  await queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data: {} })));
}

let completed = 0;
let warmAt = 0;
const worker = new Worker("noop", async () => {}, {
  connection: { ...connection, maxRetriesPerRequest: null },
  concurrency,
});
worker.on("completed", () => {
  completed += 1;
  if (completed === warmUpJobs) warmAt = performance.now();
  if (completed === jobs) {
    tellBench({ jobsPerSecond: (jobs - warmUpJobs) / ((performance.now() - warmAt) / 1000) });
    void worker.close().then(() => process.exit(0));
  }
});
