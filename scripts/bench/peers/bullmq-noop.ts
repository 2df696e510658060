// Plain BullMQ: a prefilled queue, drained by one worker that does nothing. Tells how fast, at what CPU.
import { Queue, Worker } from "bullmq";
import { z } from "zod";
import { peerOptions } from "./peer.ts";
import { WarmCount } from "./warm-count.ts";

const batchSize = 500;

const { redisUrl, concurrency, ...size } = peerOptions(
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
for (let added = 0; added < size.jobs; added += batchSize) {
  const count = Math.min(batchSize, size.jobs - added);
  await queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data: {} })));
}

const count = new WarmCount(size);
const worker = new Worker("noop", async () => {}, {
  connection: { ...connection, maxRetriesPerRequest: null },
  concurrency,
});
worker.on("completed", () => {
  if (count.add()) void worker.close().then(() => process.exit(0));
});
