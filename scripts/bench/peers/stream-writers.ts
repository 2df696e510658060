// The workers of jobs whose text is being generated: each job's stream gets so many chunks a second. Each chunk tells
// its number and when it was written.
import { performance } from "node:perf_hooks";
import { connectRedis, JobStreams } from "@understudy/queues";
import { z } from "zod";
import { peerOptions, tellBench } from "./peer.ts";

/** Chunks are spread over the second in steps of so many ms. */
const stepMs = 5;

const { redisUrl, jobIds, chunksPerSecond, seconds } = peerOptions(
  z.object({
    redisUrl: z.string(),
    jobIds: z.array(z.string()),
    chunksPerSecond: z.number(),
    seconds: z.number(),
  }),
);
const redis = connectRedis(redisUrl, "consumer");
const streams = new JobStreams(redis);
const lengths = new Map(jobIds.map((id) => [id, 0]));
const chunks = Math.round(jobIds.length * chunksPerSecond * seconds);
const startedAt = performance.now();
let written = 0;
let pending = 0;

const timer = setInterval(() => {
  const due = Math.min(chunks, ((performance.now() - startedAt) / 1000) * jobIds.length * chunksPerSecond);
  for (; written < due; written++) append(jobIds[written % jobIds.length] ?? "");
  if (written === chunks && pending === 0) {
    clearInterval(timer);
    tellBench({ written, perSecond: written / ((performance.now() - startedAt) / 1000) });
  }
}, stepMs);

function append(id: string): void {
  const at = lengths.get(id) ?? 0;
  const text = `${Math.floor(written / jobIds.length)} ${performance.timeOrigin + performance.now()} so it goes on, `;
  lengths.set(id, at + text.length);
  pending++;
  void streams.append(id, 1, [{ kind: "token", step: "draft", at, text }]).finally(() => {
    pending--;
  });
}
