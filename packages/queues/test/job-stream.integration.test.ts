import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { JobNews, type StreamNews } from "../src/job-stream/job-news.ts";
import {
  eraseJobStreams,
  fenceJobStream,
  type JobStreamEntry,
  JobStreams,
  jobStreamKey,
  streamStart,
} from "../src/job-stream/job-streams.ts";
import { connectRedis } from "../src/redis.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let streams: JobStreams;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await once(redis, "ready");
  streams = new JobStreams(redis);
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

/** Of a job that somebody reads. */
function readWriter(jobId: string, attempt: number) {
  const writer = streams.writer(jobId, attempt);
  writer.tell();
  return writer;
}

let jobs = 0;
const newJob = () => `job_${jobs++}`;

/** The text that a reader has in the end. */
function textOf(entries: JobStreamEntry[]): string {
  return entries.reduce((text, entry) => (entry.kind === "retract" ? "" : text + entry.text), "");
}

async function told(jobId: string): Promise<string> {
  return textOf(await streams.read(jobId, streamStart));
}

const toldIs = (jobId: string, text: string) => eventually(async () => expect(await told(jobId)).toBe(text));

describe("a job's stream", () => {
  const keptSeconds = async (id: string) => await redis.ttl(jobStreamKey(id));

  it("is kept while an attempt writes, a minute after its end, and a minute after who read it last", async () => {
    const id = newJob();
    const writer = readWriter(id, 1);
    writer.show("draft").push("Hello");
    await toldIs(id, "Hello");
    expect(await keptSeconds(id)).toBeGreaterThan(3_500);
    writer.end({ response: "Hello" }, true);
    await eventually(async () => expect(await keptSeconds(id)).toBeLessThanOrEqual(60));
    expect(await told(id)).toBe("Hello");
    await redis.expire(jobStreamKey(id), 5);
    await streams.keepEnded(id);
    expect(await keptSeconds(id)).toBeGreaterThan(50);
    // Another attempt goes on with it.
    const again = readWriter(id, 2);
    again.begin();
    again.show("draft").push("Hi");
    await toldIs(id, "Hi");
    expect(await keptSeconds(id)).toBeGreaterThan(3_500);
    again.end(undefined, true);
    await eventually(async () => expect(await keptSeconds(id)).toBeLessThanOrEqual(60));
    expect(await told(id)).toBe("");
  });

  it("is not made by an end that had nothing to tell, nor told of to who listens", async () => {
    const id = newJob();
    readWriter(id, 1).end(undefined, true);
    await streams.keepEnded(id);
    expect(await redis.exists(jobStreamKey(id))).toBe(0);
  });
});

describe("what an attempt writes", () => {
  it("is told in pieces that are joined while a write is under way, each with its place", async () => {
    const id = newJob();
    const writer = readWriter(id, 1);
    const shown = writer.show("draft");
    for (let count = 0; count < 1_000; count++) shown.push("ab");
    await toldIs(id, "ab".repeat(1_000));
    const entries = await streams.read(id, streamStart);
    expect(entries.length).toBeLessThan(10);
    let length = 0;
    for (const { at, text } of entries) {
      expect(at).toBe(length);
      length += text.length;
    }
    writer.end({ response: "ab".repeat(1_000) }, true);
  });

  it("is taken back when another step is shown; the earlier one is silent from then on", async () => {
    const id = newJob();
    const writer = readWriter(id, 1);
    const draft = writer.show("draft");
    draft.push("first");
    await toldIs(id, "first");
    const rewrite = writer.show("rewrite");
    draft.push(" more");
    rewrite.push("second");
    draft.complete("first more");
    await toldIs(id, "second");
    // What was taken back is kept nowhere.
    expect(JSON.stringify(await streams.read(id, streamStart))).not.toContain("first");
  });

  it("is taken back where it is no part of the result", async () => {
    const [kept, lost] = [newJob(), newJob()];
    for (const id of [kept, lost]) {
      const writer = readWriter(id, 1);
      writer.show("draft").push("Hello there. ");
      await toldIs(id, "Hello there. ");
      writer.end(id === kept ? { response: "Hello there." } : { response: null }, true);
    }
    await toldIs(lost, "");
    expect(await told(kept)).toBe("Hello there. ");
  });

  it("is completed from what was remembered, and corrected where it was something else", async () => {
    const id = newJob();
    const shown = readWriter(id, 1).show("draft");
    shown.push("Helo");
    await toldIs(id, "Helo");
    shown.complete("Hello");
    await toldIs(id, "Hello");
  });

  it("is taken back by the next attempt; a worker that has lost the job can't disturb that one", async () => {
    const id = newJob();
    const zombie = readWriter(id, 1);
    const old = zombie.show("draft");
    old.push("old");
    await toldIs(id, "old");
    const writer = readWriter(id, 2);
    writer.begin();
    await toldIs(id, "");
    writer.show("draft").push("new");
    await toldIs(id, "new");
    old.push("er");
    zombie.end(undefined, true);
    // Over the same connection: by the time that this is answered, the zombie's were.
    expect(await told(id)).toBe("new");
  });

  it("leaves no trace in Redis where nothing is shown", async () => {
    const id = newJob();
    for (const attempt of [1, 2]) {
      const writer = readWriter(id, attempt);
      writer.begin();
      writer.end({ response: "x" }, true);
    }
    await redis.ping();
    expect(await redis.exists(jobStreamKey(id))).toBe(0);
  });

  it("is told anew, whole, after Redis was away", async () => {
    const id = newJob();
    const writer = readWriter(id, 1);
    const shown = writer.show("draft");
    shown.push("one ");
    await toldIs(id, "one ");
    await server.kill();
    await eventually(() => expect(redis.status).not.toBe("ready"));
    shown.push("two ");
    await server.restart();
    await eventually(() => expect(redis.status).toBe("ready"));
    shown.push("three");
    await toldIs(id, "one two three");
    writer.end({ response: "one two three" }, true);
  });

  it("is forgotten on demand", async () => {
    const [first, second, third] = [newJob(), newJob(), newJob()];
    for (const id of [first, second]) {
      readWriter(id, 1).show("draft").push("secret");
      await toldIs(id, "secret");
    }
    expect(await eraseJobStreams(redis, [first, second, third])).toBe(2);
    expect([await told(first), await told(second)]).toEqual(["", ""]);
  });
});

describe("the entries of a job", () => {
  const token = (at: number, text: string, step = "draft") => ({ kind: "token" as const, step, at, text });
  const retract = { kind: "retract" as const, step: "draft", at: 0, text: "" };
  const entriesOf = (id: string) => streams.read(id, streamStart);

  it("are kept in order, each with its attempt, for an hour after the last", async () => {
    const id = newJob();
    await streams.append(id, 2, [token(0, "a"), token(1, "b", "rewrite")]);
    await redis.expire(jobStreamKey(id), 100);
    await streams.append(id, 3, [token(0, "c")]);
    expect(await entriesOf(id)).toMatchObject([
      { attempt: 2, ...token(0, "a") },
      { attempt: 2, ...token(1, "b", "rewrite") },
      { attempt: 3, ...token(0, "c") },
    ]);
    const keptSeconds = await redis.ttl(jobStreamKey(id));
    expect(keptSeconds).toBeGreaterThan(3_550);
    expect(keptSeconds).toBeLessThanOrEqual(3_600);
  });

  it("are taken back by a retraction with all before it, and not what comes after it at once", async () => {
    const id = newJob();
    await streams.append(id, 1, [token(0, "a"), token(1, "b")]);
    await streams.append(id, 1, [token(2, "c"), retract, token(0, "d")]);
    expect((await entriesOf(id)).map(({ kind, text }) => kind + text)).toEqual(["retract", "tokend"]);
  });

  it("are none where there is nothing to take back", async () => {
    const id = newJob();
    await streams.append(id, 1, [retract]);
    expect(await redis.exists(jobStreamKey(id))).toBe(0);
    await streams.append(id, 1, [retract, token(0, "a")]);
    expect(await entriesOf(id)).toMatchObject([token(0, "a")]);
  });

  it("are none of an attempt before the one that has written last", async () => {
    const id = newJob();
    await streams.append(id, 2, [token(0, "a")]);
    await streams.append(id, 1, [retract, token(0, "old")]);
    await streams.append(id, 2, [token(1, "b")]);
    expect((await entriesOf(id)).map(({ text }) => text)).toEqual(["a", "b"]);
  });

  it("of earlier attempts are taken back by a fence, which lets them write no more", async () => {
    const [written, unwritten] = [newJob(), newJob()];
    await streams.append(written, 1, [token(0, "secret")]);
    for (const id of [written, unwritten]) {
      await fenceJobStream(redis, id, 2);
      await streams.append(id, 1, [token(0, "late")]);
      expect(await entriesOf(id)).toMatchObject([{ kind: "retract", attempt: 2, step: "", at: 0, text: "" }]);
    }
  });

  it("are the last five thousand, about, and are read two hundred at a time", async () => {
    const id = newJob();
    for (let part = 0; part < 11; part++) {
      await streams.append(
        id,
        1,
        Array.from({ length: 500 }, (_, at) => token(part * 500 + at, "x")),
      );
    }
    const length = await redis.xlen(jobStreamKey(id));
    expect(length).toBeGreaterThanOrEqual(5_000);
    expect(length).toBeLessThan(5_200);
    const first = await entriesOf(id);
    expect(first).toHaveLength(200);
    const [next] = await streams.read(id, first.at(-1)?.id ?? "");
    expect(next?.at).toBe((first.at(-1)?.at ?? 0) + 1);
  });
});

describe("news of jobs", () => {
  it("bring what is written, chained to what was before it", async () => {
    const connection = connectRedis(server.url, "consumer");
    await once(connection, "ready");
    const news = new JobNews(connection, redis);
    const id = newJob();
    const heard: StreamNews[] = [];
    let begins = 0;
    news.on(id, (message) => (message ? heard.push(message) : begins++));
    await eventually(() => expect(begins).toBe(1));
    const text = 'a "quoted" 😀 / \u2028 line\n';
    await streams.append(id, 1, [{ kind: "token", step: "draft", at: 0, text }]);
    await streams.append(id, 1, [
      { kind: "token", step: "draft", at: text.length, text: "b" },
      { kind: "token", step: "draft", at: text.length + 1, text: "c" },
    ]);
    await streams.append(id, 2, [{ kind: "retract", step: "", at: 0, text: "" }]);
    // Dropped: its attempt is over.
    await streams.append(id, 1, [{ kind: "token", step: "draft", at: 0, text: "late" }]);
    await streams.append(id, 2, [{ kind: "token", step: "draft", at: 0, text: "new" }]);
    await eventually(() => expect(heard).toHaveLength(4));
    expect(heard[0]?.after).toBe(streamStart);
    for (const [index, { after }] of heard.slice(1).entries())
      expect(after).toBe(heard[index]?.entries.at(-1)?.id);
    expect(heard[0]?.entries).toMatchObject([{ attempt: 1, kind: "token", step: "draft", at: 0, text }]);
    // What is left of it in Redis is the same.
    const [retraction, ...rest] = await streams.read(id, streamStart);
    expect([retraction, ...rest]).toEqual(heard.slice(2).flatMap(({ entries }) => entries));
    news.close();
  });

  it("come over one connection to those who watch the job, also after Redis was away", async () => {
    const connection = connectRedis(server.url, "consumer");
    await once(connection, "ready");
    const news = new JobNews(connection, redis);
    const [watched, other] = [newJob(), newJob()];
    const heard = { watched: 0, other: 0 };
    const stopListening = news.on(watched, () => heard.watched++);
    news.on(other, () => heard.other++);
    // Once each, as soon as they would hear.
    await eventually(() => expect(heard).toEqual({ watched: 1, other: 1 }));
    readWriter(watched, 2).begin();
    await eventually(() => expect(heard).toEqual({ watched: 2, other: 1 }));

    await server.restart();
    await eventually(() => expect(heard.watched).toBeGreaterThan(2));
    await eventually(() => expect(redis.status).toBe("ready"));
    const before = heard.watched;
    await eventually(() => {
      readWriter(watched, 2).begin();
      expect(heard.watched).toBeGreaterThan(before);
    });

    stopListening();
    await eventually(async () =>
      expect(await redis.pubsub("CHANNELS", "{job:*")).toEqual([jobStreamKey(other)]),
    );
    news.close();
  });
});
