import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import {
  database,
  deliveriesOf,
  delivery,
  disabledEndpoints,
  event,
  job,
  register,
  ring,
  start,
  told,
} from "./webhook-way-run.ts";

/**
 * Of the pauses before those, in ms. Who only looks by itself whether there is something to do has pauses of a second,
 * and none that are shorter.
 */
const shortestPause = (times: number[], before: number[]) =>
  Math.min(...before.map((at) => (times[at] ?? 0) - (times[at - 1] ?? 0)));

const retried = { retries: 1, attempt: 2 };
const failure = {
  status: "failed",
  code: "provider_refused",
  message: "Refused.",
  retryable: true,
  resetsAt: "2026-12-01T00:00:00+00:00",
  finishedAt: "2026-11-22T10:00:00.5+00:00",
};

describe("an event", () => {
  it("is told to each endpoint that wants it, signed, each under its own id and as it is", async () => {
    const receiver = await register();
    const deaf = await register({ events: ["job.failed"] });
    const first = await job();
    const second = await job({ attempt: 1, feature: "other" });
    const createdAt = new Date("2026-11-22T10:00:00.123Z");
    const ids = [await event({ jobId: first, createdAt }), await event({ jobId: second }), await ring()];
    start();
    await eventually(() => expect(receiver.received).toHaveLength(3));
    const byId = new Map(receiver.received.map((received) => [received.id, received.event]));
    const [ofFirst, ofSecond, ofAlert] = ids.map((id) => byId.get(id));
    expect(ofFirst).toEqual({
      type: "job.completed",
      timestamp: createdAt.toISOString(),
      data: expect.objectContaining({
        id: first,
        status: "completed",
        provider: "emulator",
        result: { text: "Hi" },
      }),
    });
    expect(ofSecond?.data).toMatchObject({ id: second, feature: "other" });
    expect(ofAlert).toMatchObject({
      type: "alert.raised",
      data: { alertId: "alert_1", alert: "redis_evicts", creatorId: null },
    });
    expect({ faults: receiver.faults, others: deaf.requests }).toEqual({ faults: [], others: 0 });
    const told = { status: "delivered", tries: 1, attempts: [{ httpStatus: 204 }] };
    await eventually(async () => expect(await deliveriesOf(receiver.id)).toMatchObject(Array(3).fill(told)));
  });

  it("of a job that was tried again tells how it had ended then, and the last one how it is", async () => {
    const receiver = await register();
    const [one, other] = [await job(retried), await job(retried)];
    const ids = [
      await event({ type: "job.failed", jobId: one, jobEnd: failure }),
      await event({ jobId: one }),
      await event({
        type: "job.failed",
        jobId: other,
        jobEnd: { ...failure, code: "other", resetsAt: null },
      }),
    ];
    start();
    await eventually(() => expect(receiver.received).toHaveLength(3));
    const byId = new Map(receiver.received.map((received) => [received.id, received.event.data]));
    expect(byId.get(String(ids[0]))).toMatchObject({
      id: one,
      status: "failed",
      error: { code: "provider_refused", resetsAt: "2026-12-01T00:00:00.000Z" },
      finishedAt: "2026-11-22T10:00:00.500Z",
    });
    expect(byId.get(String(ids[0]))).not.toHaveProperty("result");
    expect(byId.get(String(ids[1]))).toMatchObject({ id: one, status: "completed", result: { text: "Hi" } });
    expect(byId.get(String(ids[2]))).toMatchObject({ id: other, status: "failed", error: { code: "other" } });
  });

  it("is told as its job is at each try: nothing of a fan who was erased in between", async () => {
    const receiver = await register();
    const id = await job();
    receiver.answer = (_request, response) => {
      const erased = { result: {}, erasedAt: new Date() };
      const answer = () => response.writeHead(500).end();
      receiver.answer = (_again, next) => next.writeHead(204).end();
      void database.prisma.job.update({ where: { id }, data: erased }).then(answer, answer);
    };
    await event({ jobId: id });
    start();
    await eventually(() => expect(receiver.received).toHaveLength(1));
    expect(receiver.received[0]?.event.data).toMatchObject({ id, result: {}, erasedAt: expect.any(String) });
    expect(receiver.requests).toBe(2);
  });
});

describe("an endpoint", () => {
  it("that fails is tried again and again without delay beside the schedule's", async () => {
    const receiver = await register();
    const times: number[] = [];
    receiver.answer = (_request, response) =>
      response.writeHead(times.push(performance.now()) > 8 ? 204 : 503).end();
    start({ schedule: Array(8).fill(20) });
    await ring();
    await eventually(() => expect(receiver.received).toHaveLength(1));
    expect(shortestPause(times, [1, 2, 3, 4, 5, 6, 7, 8])).toBeLessThan(600);
    await eventually(async () =>
      expect(await deliveriesOf(receiver.id)).toMatchObject([
        {
          status: "delivered",
          tries: 9,
          attempts: [...Array(8).fill({ httpStatus: 503 }), { httpStatus: 204 }],
        },
      ]),
    );
  });

  it("that fails hears of so many at a time, and of the next ones as soon as there is room", async () => {
    const receiver = await register({ failingSince: new Date() });
    let underWay = 0;
    let most = 0;
    const times: number[] = [];
    receiver.answer = (_request, response) => {
      times.push(performance.now());
      most = Math.max(most, ++underWay);
      response.on("finish", () => underWay--);
      setTimeout(() => response.writeHead(500).end(), 10);
    };
    for (let count = 0; count < 31; count++) await delivery(receiver.id, {});
    start({ schedule: [] });
    await eventually(async () =>
      expect((await deliveriesOf(receiver.id)).filter(({ status }) => status === "failed")).toHaveLength(31),
    );
    expect(shortestPause(times, [10, 20, 30])).toBeLessThan(600);
    expect(most).toBeLessThanOrEqual(10);
  });

  it("that answers 410 is disabled at once, and hears nothing of what waits for it", async () => {
    const receiver = await register();
    receiver.answer = (_request, response) => response.writeHead(410).end("moved out");
    const other = await register();
    const waiting = await delivery(receiver.id, { nextTryAt: new Date(Date.now() + 3_600_000) });
    start();
    await ring();
    // It may hear of the disabling as well.
    await eventually(() =>
      expect(other.received.map(({ event }) => event.data)).toContainEqual(
        expect.objectContaining({ alert: "redis_evicts" }),
      ),
    );
    await eventually(async () =>
      expect(await database.prisma.delivery.findUnique({ where: { id: waiting } })).toMatchObject({
        status: "failed",
      }),
    );
    const { prisma } = database;
    expect(await prisma.webhookEndpoint.findUnique({ where: { id: receiver.id } })).toMatchObject({
      disabledAt: expect.any(Date),
      disabledReason: "gone",
    });
    expect((await deliveriesOf(receiver.id)).map(({ status, tries }) => [status, tries])).toEqual([
      ["failed", 0],
      ["failed", 1],
    ]);
    const endpointId = receiver.id;
    expect(await prisma.alert.findMany({ where: { type: "endpoint_disabled" } })).toMatchObject([
      { payload: { endpointId, reason: "gone" } },
    ]);
    expect(told).toContainEqual({
      endpointId,
      disabledReason: "gone",
      msg: "a webhook endpoint was disabled",
    });
    expect(await disabledEndpoints()).toBe(1);
    expect(receiver.requests).toBe(1);
  });

  it("all of whose tries fail for so long is disabled", async () => {
    const receiver = await register();
    receiver.answer = (_request, response) => response.writeHead(500).end();
    start({ schedule: Array(50).fill(50), disableAfterMs: 100 });
    await ring();
    await eventually(async () =>
      expect(await database.prisma.webhookEndpoint.findUnique({ where: { id: receiver.id } })).toMatchObject({
        disabledReason: "failing",
      }),
    );
    await eventually(async () =>
      expect(await deliveriesOf(receiver.id)).toMatchObject([{ status: "failed" }]),
    );
    expect(receiver.requests).toBeGreaterThan(1);
  });

  it("whose secret can't be read is not called, and delays no other", async () => {
    const unreadable = await register({ secretKeyId: "lost" });
    const receiver = await register();
    start();
    await ring();
    await eventually(() => expect(receiver.received).toHaveLength(1));
    await eventually(async () =>
      expect(await deliveriesOf(unreadable.id)).toMatchObject([
        { status: "failed", attempts: Array(3).fill({ error: "secret_unreadable" }) },
      ]),
    );
    expect(unreadable.requests).toBe(0);
  });
});
