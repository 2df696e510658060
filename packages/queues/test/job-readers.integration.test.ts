import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { JobNews } from "../src/job-stream/job-news.ts";
import { JobReaders } from "../src/job-stream/job-readers.ts";
import { JobStreams, streamStart } from "../src/job-stream/job-streams.ts";
import { connectRedis } from "../src/redis.ts";

/** Readers in some processes, writers in others, over a real Redis. */

let server: Awaited<ReturnType<typeof startTestRedis>>;

beforeAll(async () => {
  server = await startTestRedis();
});

afterAll(() => server.remove());

let atEnd: (() => void)[];

beforeEach(() => {
  atEnd = [];
});

afterEach(() => {
  for (const end of atEnd) end();
});

async function connect(use: "producer" | "consumer"): Promise<Redis> {
  const redis = connectRedis(server.url, use);
  atEnd.push(() => redis.disconnect());
  await once(redis, "ready");
  return redis;
}

/** A process that runs jobs. */
async function startWriters() {
  const producer = await connect("producer");
  const readers = new JobReaders(await connect("consumer"), producer);
  atEnd.push(() => readers.close());
  const streams = new JobStreams(producer);
  return {
    readers,
    producer,
    write: (jobId: string, attempt = 1) => readers.tellBy(jobId, streams.writer(jobId, attempt)),
  };
}

/** A process with readers. */
async function startReaders() {
  const producer = await connect("producer");
  const news = new JobNews(await connect("consumer"), producer);
  atEnd.push(() => news.close());
  const streams = new JobStreams(producer);
  return {
    news,
    read: (jobId: string) => news.on(jobId, () => {}),
    textOf: async (jobId: string) =>
      (await streams.read(jobId, streamStart)).reduce(
        (text, entry) => (entry.kind === "retract" ? "" : text + entry.text),
        "",
      ),
  };
}

const listeners = async (redis: Redis) =>
  (await redis.pubsub("NUMSUB", "understudy:read-jobs", "understudy:who-reads")).map(Number);

let jobs = 0;
const newJob = () => `job_${jobs++}`;

describe("a job's text", () => {
  it("is written for who reads before its attempt begins, in its middle, and before its end is written; for nobody else", async () => {
    const [api, worker] = [await startReaders(), await startWriters()];
    const [early, late, atEndOfIt, unread] = [newJob(), newJob(), newJob(), newJob()];
    await eventually(async () => expect((await listeners(worker.producer))[1]).toBe(1));
    api.read(early);
    const marker = newJob();
    const marked = worker.write(marker);
    api.read(marker);
    marked.show("draft").push("heard");
    await eventually(async () => expect(await api.textOf(marker)).toBe("heard"));

    const writers = [early, late, atEndOfIt, unread].map((id) => worker.write(id));
    const shown = writers.map((writer) => writer.show("draft"));
    for (const one of shown) one.push("Hel");
    await eventually(async () => expect(await api.textOf(early)).toBe("Hel"));
    api.read(late);
    await eventually(async () => expect(await api.textOf(late)).toBe("Hel"));
    for (const one of shown) one.push("lo");
    await eventually(async () => expect(await api.textOf(late)).toBe("Hello"));
    for (const writer of writers) writer.end({ response: "Hello" }, true);
    api.read(atEndOfIt);
    await eventually(async () => expect(await api.textOf(atEndOfIt)).toBe("Hello"));
    expect(await worker.producer.keys(`*${unread}*`)).toEqual([]);

    worker.readers.letGo(unread);
    api.read(unread);
    await worker.producer.ping();
    expect(await api.textOf(unread)).toBe("");
  });

  it("is written by a worker that comes later than its readers, of whatever process", async () => {
    const [one, other] = [await startReaders(), await startReaders()];
    const [first, second] = [newJob(), newJob()];
    one.read(first);
    other.read(second);
    const worker = await startWriters();
    for (const id of [first, second]) worker.write(id).show("draft").push("Hi");
    for (const id of [first, second]) await eventually(async () => expect(await one.textOf(id)).toBe("Hi"));
  });

  it("is written for who came while Redis was away", async () => {
    const [api, worker] = [await startReaders(), await startWriters()];
    await eventually(async () => expect((await listeners(worker.producer))[1]).toBe(1));
    const id = newJob();
    worker.write(id).show("draft").push("Hi");
    await server.kill();
    api.read(id);
    await server.restart();
    await eventually(async () => expect(await api.textOf(id)).toBe("Hi"));
  });

  it("of a later attempt replaces what its readers have, whoever runs it", async () => {
    const [api, first, second] = [await startReaders(), await startWriters(), await startWriters()];
    const id = newJob();
    const lost = first.write(id).show("draft");
    lost.push("old");
    api.read(id);
    await eventually(async () => expect(await api.textOf(id)).toBe("old"));
    const writer = second.write(id, 2);
    writer.begin();
    writer.show("draft").push("new");
    await eventually(async () => expect(await api.textOf(id)).toBe("new"));
    lost.push("er");
    writer.end({ response: "new" }, true);
    await first.producer.ping();
    expect(await api.textOf(id)).toBe("new");
  });
});

describe("a writer", () => {
  it("whose attempt is not over stays, whoever lets its job go", async () => {
    const [api, worker] = [await startReaders(), await startWriters()];
    const id = newJob();
    const ended = worker.write(id);
    ended.end(undefined, false);
    worker.write(id, 2).show("draft").push("Hi");
    worker.readers.letGo(id);
    api.read(id);
    await eventually(async () => expect(await api.textOf(id)).toBe("Hi"));
  });
});
