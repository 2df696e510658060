import { describe, expect, it } from "@jest/globals";
import type { TryRecord } from "@understudy/webhooks";
import type { PostAnswer } from "../src/webhooks/post-event.ts";
import { type LoadedDelivery, type TryDependencies, tryDelivery } from "../src/webhooks/try-delivery.ts";

const fence = { id: "dlv_1", generation: 2, tries: 1 };

const delivery: LoadedDelivery = {
  ...fence,
  eventId: "evt_1",
  type: "job.completed",
  payload: null,
  eventAt: new Date(),
  jobId: "job_1",
  endpointId: "end_1",
  url: "https://app.test/hook?x=1",
  secret: Buffer.from("sealed"),
  secretKeyId: "k1",
  previousSecret: null,
  previousSecretKeyId: null,
  traceparent: null,
  body: '{"type":"job.completed"}',
};

/** Makes one try with an answer, and gives all that came of it. */
async function tryOnce(answer: PostAnswer, more: Partial<TryDependencies> = {}, tried = delivery) {
  const posted: { url: string; headers: Record<string, string>; body: string }[] = [];
  const records: TryRecord[] = [];
  const observed: TryRecord[] = [];
  const dependencies: TryDependencies = {
    sign: ({ eventId }, body, at) => ({ "webhook-id": eventId, "signature-of": `${body} ${at.getTime()}` }),
    poster: {
      async post(url, headers, body) {
        posted.push({ url, headers, body });
        return answer;
      },
      close: async () => {},
    },
    record: async (record) => records.push(record),
    telemetry: {
      delivery: (begun) => ({
        headers: { traceparent: `of ${begun.eventId}` },
        end: (record) => observed.push(record),
      }),
    },
    clock: { now: () => new Date(), skewMs: () => 0 },
    schedule: [1_000, 100_000, 10_000_000],
    disableAfterSeconds: 99,
    stopping: new AbortController().signal,
    ...more,
  };
  const before = Date.now();
  const next = await tryDelivery(dependencies, tried);
  const [record] = records;
  return { next, posted, records, record, observed, waitMs: next && next.getTime() - before };
}

describe("a try of a delivery", () => {
  it("sends the event as it is, signed at the time that is written down, in our name and trace", async () => {
    const before = Date.now();
    const { posted, record } = await tryOnce({ ms: 5, httpStatus: 204 });
    expect(posted).toEqual([
      {
        url: delivery.url,
        body: delivery.body,
        headers: {
          "content-type": "application/json",
          "user-agent": "Understudy-Webhooks/1",
          traceparent: "of evt_1",
          "webhook-id": "evt_1",
          "signature-of": `${delivery.body} ${record?.at.getTime()}`,
        },
      },
    ]);
    expect(record?.at.getTime()).toBeGreaterThanOrEqual(before);
    expect(record?.at.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it.each([200, 201, 204, 299])("is delivered by a %d, and not made again", async (httpStatus) => {
    const { next, records, record, observed } = await tryOnce({ ms: 5, httpStatus, body: "thanks" });
    expect(next).toBeUndefined();
    expect(records).toEqual([
      {
        ...fence,
        isTest: false,
        at: record?.at,
        ms: 5,
        httpStatus,
        body: "thanks",
        outcome: "delivered",
        gone: false,
        disableAfterSeconds: 99,
      },
    ]);
    expect(observed).toEqual(records);
  });

  it("is delivered by a 2xx whose body never ended", async () => {
    const { record } = await tryOnce({ ms: 5, httpStatus: 200, error: "timeout" });
    expect(record).toMatchObject({ outcome: "delivered", error: "timeout" });
  });

  it("that is answered 410 is the last one, and the endpoint wants no more", async () => {
    const { next, record } = await tryOnce({ ms: 5, httpStatus: 410, body: "moved out", retryAfter: "1" });
    expect(next).toBeUndefined();
    expect(record).toMatchObject({ outcome: "failed", gone: true, httpStatus: 410, body: "moved out" });
    expect(record).not.toHaveProperty("nextTryAt");
  });

  it.each([500, 404, 410, 0])(
    "of a test event that fails is the last one, and says nothing of the endpoint: %d",
    async (httpStatus) => {
      const test = { ...delivery, type: "webhook.test" };
      const { next, record } = await tryOnce({ ms: 5, httpStatus }, {}, test);
      expect(next).toBeUndefined();
      expect(record).toMatchObject({ outcome: "failed", gone: false, isTest: true });
      const { record: taken } = await tryOnce({ ms: 5, httpStatus: 204 }, {}, test);
      expect(taken).toMatchObject({ outcome: "delivered", isTest: true });
    },
  );

  it.each([
    { httpStatus: 199 },
    { httpStatus: 300, error: "redirect" },
    { httpStatus: 307, error: "redirect" },
    { httpStatus: 400 },
    { httpStatus: 404 },
    { httpStatus: 409 },
    { httpStatus: 411 },
    { httpStatus: 429 },
    { httpStatus: 500 },
    { error: "timeout" },
    { error: "address_not_allowed" },
  ])("that is answered %j is made again after the pause that comes behind so many", async (answer) => {
    const { next, record, waitMs, observed } = await tryOnce({ ms: 5, ...answer });
    expect(record).toMatchObject({ ...answer, outcome: "pending", gone: false, nextTryAt: next });
    expect(waitMs).toBeGreaterThanOrEqual(80_000);
    expect(waitMs).toBeLessThan(130_000);
    expect(observed).toEqual([record]);
  });

  it("waits as long as the answer asks for", async () => {
    const { record, waitMs } = await tryOnce({ ms: 5, httpStatus: 503, retryAfter: "3600" });
    expect(waitMs).toBeGreaterThanOrEqual(3_600_000);
    expect(record).not.toHaveProperty("retryAfter");
  });

  it("is the last one where the schedule ends", async () => {
    const { next, record } = await tryOnce({ ms: 5, httpStatus: 500 }, { schedule: [1_000] });
    expect(next).toBeUndefined();
    expect(record).toMatchObject({ outcome: "failed", gone: false });
    expect(record).not.toHaveProperty("nextTryAt");
  });

  it("is not sent where its secret can't be read, and made again later", async () => {
    const sign = () => {
      throw new Error("no such key");
    };
    const { posted, record, next } = await tryOnce({ ms: 5, httpStatus: 204 }, { sign });
    expect(posted).toEqual([]);
    expect(record).toMatchObject({
      ms: 0,
      error: "secret_unreadable",
      outcome: "pending",
      nextTryAt: next,
    });
  });

  it("counts for nothing where it is broken off", async () => {
    const stopping = new AbortController();
    const records: TryRecord[] = [];
    const poster = {
      async post() {
        stopping.abort();
        return { ms: 5, error: "connection_failed" };
      },
      close: async () => {},
    };
    const record = async (made: TryRecord) => records.push(made);
    await expect(tryOnce({ ms: 5 }, { poster, record, stopping: stopping.signal })).rejects.toThrow("stops");
    expect(records).toEqual([]);
  });
});
