import { connectRedis, JobNews, type JobStreamEntry, JobStreams, streamStart } from "@understudy/queues";

/** Somebody who reads what jobs write, as an API process does for its readers. */
export interface JobReader {
  /** From now on the job is read. */
  read(jobId: string): void;
  /** All that the job's readers have been told, and that is kept. */
  entriesOf(jobId: string): Promise<JobStreamEntry[]>;
  close(): void;
}

export function openReader(redisUrl: string): JobReader {
  const redis = connectRedis(redisUrl, "consumer");
  const news = new JobNews(connectRedis(redisUrl, "consumer"), redis);
  const streams = new JobStreams(redis);
  return {
    read: (jobId) => void news.on(jobId, () => {}),
    entriesOf: (jobId) => streams.read(jobId, streamStart),
    close() {
      news.close();
      redis.disconnect();
    },
  };
}
