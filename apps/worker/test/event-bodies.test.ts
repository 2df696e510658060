import { describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import type { DeliveryToTry } from "@understudy/webhooks";
import { eventBodies } from "../src/webhooks/event-bodies.ts";

const eventAt = new Date("2026-11-22T10:00:00.123Z");

function delivery(eventId: string, jobId: string | null, payload: object | null = null): DeliveryToTry {
  return { eventId, jobId, payload, type: "job.failed", eventAt } as DeliveryToTry;
}

/** A row as Postgres has it, of a job that was retried so often. */
function jobRow(id: string, retries: number) {
  return {
    ...{ id, retries, agent: "test", creatorId: "psy", feature: "f", model: "m", attempt: retries + 1 },
    ...{ status: "completed", result: { text: id }, errorCode: null, metadata: null, erasedAt: null },
    ...{ createdAt: eventAt, startedAt: null, finishedAt: null, calls: [] },
  };
}

const jobEnd = {
  ...{ status: "failed", code: "provider_refused", message: "Refused.", retryable: true },
  ...{ resetsAt: null, finishedAt: "2026-11-22T09:00:00+00:00" },
};

/** Tells what was asked of it, and has these rows. */
function databaseOf(jobs: object[] = [], ends: object[] = []) {
  const asked: [table: string, ids: string[]][] = [];
  const table = (name: string, rows: object[]) => ({
    findMany: async ({ where }: { where: { id: { in: string[] } } }) => {
      asked.push([name, where.id.in]);
      return rows;
    },
  });
  const prisma = { job: table("job", jobs), outbox: table("outbox", ends) };
  const clock = { now: () => new Date() };
  return { database: { prisma, clock } as unknown as Database, asked };
}

const bodiesOf = async (database: Database, deliveries: DeliveryToTry[]) =>
  (await eventBodies(database, deliveries, "emulator")).map((body) => JSON.parse(body));

describe("bodies of events", () => {
  it("are made of nothing but the event where no job belongs to it, and nobody is asked", async () => {
    const { database, asked } = databaseOf();
    expect(await bodiesOf(database, [delivery("evt_1", null, { alertId: "alert_1" })])).toEqual([
      { type: "job.failed", timestamp: eventAt.toISOString(), data: { alertId: "alert_1" } },
    ]);
    expect(await bodiesOf(database, [])).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("ask for each job once, and of none that was not retried how it had ended", async () => {
    const { database, asked } = databaseOf([jobRow("job_1", 0), jobRow("job_2", 0)]);
    const deliveries = [delivery("evt_1", "job_1"), delivery("evt_2", null), delivery("evt_3", "job_1")];
    await bodiesOf(database, [...deliveries, delivery("evt_4", "job_2")]);
    expect(asked).toEqual([["job", ["job_1", "job_2"]]]);
  });

  it("have the end of each retried job that they tell of, in the order of the deliveries", async () => {
    const ends = [
      { id: "evt_3", jobEnd: { ...jobEnd, code: "other" } },
      { id: "evt_2", jobEnd: null },
      { id: "evt_1", jobEnd },
    ];
    const { database, asked } = databaseOf(
      [jobRow("job_2", 1), jobRow("job_1", 0), jobRow("job_3", 2)],
      ends,
    );
    const bodies = await bodiesOf(database, [
      delivery("evt_1", "job_3"),
      delivery("evt_0", "job_1"),
      delivery("evt_2", "job_3"),
      delivery("evt_3", "job_2"),
    ]);
    expect(asked[1]).toEqual(["outbox", ["evt_1", "evt_2", "evt_3"]]);
    expect(bodies.map(({ data }) => [data.id, data.status, data.error?.code, data.result?.text])).toEqual([
      ["job_3", "failed", "provider_refused", undefined],
      ["job_1", "completed", undefined, "job_1"],
      ["job_3", "completed", undefined, "job_3"],
      ["job_2", "failed", "other", undefined],
    ]);
  });

  it("have what the event bears where its job is gone", async () => {
    const { database } = databaseOf([]);
    expect(await bodiesOf(database, [delivery("evt_1", "job_1", { id: "job_1" })])).toMatchObject([
      { data: { id: "job_1" } },
    ]);
  });
});
