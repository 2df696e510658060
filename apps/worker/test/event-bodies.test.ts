import { describe, expect, it } from "@jest/globals";
import type { Database, Statement } from "@understudy/database";
import type { DeliveryToTry } from "@understudy/webhooks";
import { eventBodies } from "../src/webhooks/event-bodies.ts";

const eventAt = new Date("2026-11-22T10:00:00.123Z");

function delivery(eventId: string, jobId: string | null, payload: object | null = null): DeliveryToTry {
  return { eventId, jobId, payload, type: "job.failed", eventAt } as DeliveryToTry;
}

/** A row of read-jobs.sql. @param earlierEnds of a job that was retried, by their events */
function jobRow(id: string, earlierEnds: Record<string, object> | null = null) {
  const retries = Object.keys(earlierEnds ?? {}).length;
  return {
    ...{ id, retries, agent: "test", creatorId: "psy", feature: "f", model: "m", attempt: retries + 1 },
    ...{ status: "completed", result: { text: id }, errorCode: null, metadata: null, erasedAt: null },
    ...{ createdAt: eventAt, startedAt: null, finishedAt: null, calls: [], earlierEnds },
  };
}

const jobEnd = {
  ...{ status: "failed", code: "provider_refused", message: "Refused.", retryable: true },
  ...{ resetsAt: null, finishedAt: "2026-11-22T09:00:00+00:00" },
};

/** Tells which jobs were asked for, and has these rows. */
function databaseOf(rows: object[] = []) {
  const asked: string[][] = [];
  const execute = async (_: Statement, items: readonly { id: string }[]) => {
    asked.push(items.map(({ id }) => id));
    return rows;
  };
  const clock = { now: () => new Date() };
  return { database: { execute, clock } as unknown as Database, asked };
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

  it("ask for each job once", async () => {
    const { database, asked } = databaseOf([jobRow("job_1"), jobRow("job_2")]);
    const deliveries = [delivery("evt_1", "job_1"), delivery("evt_2", null), delivery("evt_3", "job_1")];
    await bodiesOf(database, [...deliveries, delivery("evt_4", "job_2")]);
    expect(asked).toEqual([["job_1", "job_2"]]);
  });

  it("have the end of each retried job that they tell of, in the order of the deliveries", async () => {
    const { database } = databaseOf([
      jobRow("job_2", { evt_3: { ...jobEnd, code: "other" } }),
      jobRow("job_1"),
      jobRow("job_3", { evt_1: jobEnd }),
    ]);
    const bodies = await bodiesOf(database, [
      delivery("evt_1", "job_3"),
      delivery("evt_0", "job_1"),
      delivery("evt_2", "job_3"),
      delivery("evt_3", "job_2"),
    ]);
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
