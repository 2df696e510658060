import { describe, expect, it } from "@jest/globals";
import { openDatabase } from "@understudy/database";
import { alertsUntold } from "@understudy/testkit";
import { recordTries, type TryRecord } from "../src/index.ts";
import {
  behindChange,
  database,
  databaseUrl,
  delivery,
  deliveryRow,
  endpoint,
  endpointRow,
  inSession,
  job,
  secondsAgo,
  untilSomeoneWaits,
  whileHeld,
} from "./webhook-rows.ts";

/** A try that has failed and is made again in a minute, as the first one of a delivery. */
function tried(id: string, more: Partial<TryRecord> = {}): TryRecord {
  return {
    id,
    generation: 1,
    tries: 0,
    at: secondsAgo(1),
    ms: 5,
    httpStatus: 500,
    outcome: "pending",
    nextTryAt: secondsAgo(-60),
    gone: false,
    isTest: false,
    disableAfterSeconds: 100,
    ...more,
  };
}

/** A try that was answered well. */
function taken(id: string, more: Partial<TryRecord> = {}): TryRecord {
  const { nextTryAt, ...record } = tried(id, { httpStatus: 204, outcome: "delivered", ...more });
  return record;
}

const gone = { httpStatus: 410, outcome: "failed", gone: true } as const;
const isRecent = (date: Date | null) => (date?.getTime() ?? 0) > Date.now() - 60_000;
const triesOf = (deliveryId: string) =>
  database.prisma.deliveryTry.findMany({ where: { deliveryId }, orderBy: { number: "asc" } });

/** Deliveries that are under way, each to an endpoint. */
async function underWay(endpointId: string, ...names: string[]): Promise<void> {
  for (const name of names) await delivery(name, endpointId, { claimedAt: secondsAgo(2) });
}

describe("tries of deliveries", () => {
  it("are written down as they were, and what follows from each", async () => {
    await endpoint("end_1");
    await delivery("well", "end_1", { generation: 2, tries: 3, claimedAt: secondsAgo(2) });
    await underWay("end_1", "again", "lost", "untouched");
    const at = secondsAgo(7);
    const next = secondsAgo(-60);
    const disabled = await recordTries(database, [
      taken("dlv_well", { generation: 2, tries: 3, at, ms: 12, body: "thanks" }),
      tried("dlv_again", { at, ms: 13, error: "redirect", httpStatus: 307, nextTryAt: next }),
      { ...taken("dlv_lost", { at, ms: 14 }), outcome: "failed" },
    ]);
    expect(disabled).toEqual([]);
    expect(await triesOf("dlv_well")).toEqual([
      {
        deliveryId: "dlv_well",
        generation: 2,
        number: 4,
        at,
        ms: 12,
        httpStatus: 204,
        error: null,
        body: "thanks",
      },
    ]);
    expect(await triesOf("dlv_again")).toMatchObject([
      { generation: 1, number: 1, httpStatus: 307, error: "redirect", body: null },
    ]);
    const well = await deliveryRow("dlv_well");
    expect(well).toMatchObject({ status: "delivered", tries: 4, nextTryAt: null, claimedAt: null });
    expect(isRecent(well.deliveredAt)).toBe(true);
    const end = { tries: 1, claimedAt: null, deliveredAt: null };
    expect(await deliveryRow("dlv_again")).toMatchObject({ ...end, status: "pending", nextTryAt: next });
    expect(await deliveryRow("dlv_lost")).toMatchObject({ ...end, status: "failed", nextTryAt: null });
    expect(await deliveryRow("dlv_untouched")).toMatchObject({ tries: 0, claimedAt: expect.any(Date) });
  });

  it("count once, and for nothing where a replay has begun the delivery anew", async () => {
    await endpoint("end_1");
    await underWay("end_1", "first");
    await delivery("replayed", "end_1", { generation: 2 });
    const record = tried("dlv_first");
    await recordTries(database, [record]);
    await recordTries(database, [{ ...record, ...gone }]);
    await recordTries(database, [{ ...tried("dlv_replayed"), ...gone }]);
    expect(await triesOf("dlv_first")).toHaveLength(1);
    expect(await deliveryRow("dlv_first")).toMatchObject({ tries: 1, status: "pending" });
    expect(await triesOf("dlv_replayed")).toEqual([]);
    expect(await deliveryRow("dlv_replayed")).toMatchObject({ tries: 0, status: "pending" });
    expect(await endpointRow("end_1")).toMatchObject({ disabledAt: null });
  });

  it("count for nothing where a replay begins the delivery anew while they are written down", async () => {
    await endpoint("end_1");
    await underWay("end_1", "first");
    const replay = `UPDATE "Delivery" SET "generation" = 2`;
    await behindChange(replay, () => recordTries(database, [taken("dlv_first")]));
    expect(await triesOf("dlv_first")).toEqual([]);
    expect(await deliveryRow("dlv_first")).toMatchObject({ generation: 2, tries: 0, status: "pending" });
  });

  it("of what was given up meanwhile change nothing but that it did arrive", async () => {
    await endpoint("end_1");
    await delivery("arrived", "end_1", { status: "failed", nextTryAt: null });
    await delivery("refused", "end_1", { status: "failed", nextTryAt: null });
    await recordTries(database, [taken("dlv_arrived"), tried("dlv_refused")]);
    expect(await deliveryRow("dlv_arrived")).toMatchObject({
      status: "delivered",
      deliveredAt: expect.any(Date),
    });
    expect(await deliveryRow("dlv_refused")).toMatchObject({ status: "failed", tries: 1, nextTryAt: null });
    expect(await triesOf("dlv_refused")).toHaveLength(1);
  });

  it("keep an answer's body, but for a job whose fan was erased", async () => {
    await endpoint("end_1");
    await job("job_kept");
    await job("job_erased", { erasedAt: secondsAgo(5) });
    for (const name of ["kept", "erased"]) await delivery(name, "end_1", { event: { jobId: `job_${name}` } });
    await recordTries(database, [
      tried("dlv_kept", { body: "Hi Ann" }),
      tried("dlv_erased", { body: "Hi Ann" }),
    ]);
    expect(await triesOf("dlv_kept")).toMatchObject([{ body: "Hi Ann" }]);
    expect(await triesOf("dlv_erased")).toMatchObject([{ body: null, httpStatus: 500 }]);
  });
});

describe("an endpoint", () => {
  it("fails since the first of its tries that all failed, until one is taken", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await underWay("end_1", "a", "b", "c");
    await underWay("end_2", "d");
    const first = secondsAgo(9);
    await recordTries(database, [
      tried("dlv_a", { at: secondsAgo(5) }),
      tried("dlv_b", { at: first }),
      tried("dlv_c", { at: secondsAgo(7) }),
      taken("dlv_d"),
    ]);
    expect(await endpointRow("end_1")).toMatchObject({ failingSince: first, disabledAt: null });
    expect(await endpointRow("end_2")).toMatchObject({ failingSince: null });
    await recordTries(database, [tried("dlv_b", { tries: 1 })]);
    expect(await endpointRow("end_1")).toMatchObject({ failingSince: first });
    await recordTries(database, [tried("dlv_c", { tries: 1 }), taken("dlv_a", { tries: 1 })]);
    expect(await endpointRow("end_1")).toMatchObject({ failingSince: null, disabledAt: null });
  });

  it("that has failed for so long is disabled, with an alert, and no other", async () => {
    const since = new Date("2026-11-22T20:00:00.040Z");
    await endpoint("long", { failingSince: since });
    await endpoint("not_yet", { failingSince: secondsAgo(90) });
    await endpoint("since_now");
    await endpoint("well_again", { failingSince: secondsAgo(110) });
    await underWay("long", "a", "b");
    await underWay("not_yet", "c");
    await underWay("since_now", "d");
    await underWay("well_again", "e", "f");
    const tries = ["a", "b", "c", "d", "e"].map((name) => tried(`dlv_${name}`));
    // In a session that has another time zone than UTC.
    const elsewhere = openDatabase(`${databaseUrl()}?options=-c%20TimeZone%3DAsia/Kolkata`, 1);
    const disabled = await recordTries(elsewhere, [...tries, taken("dlv_f")]).finally(elsewhere.close);
    expect(disabled).toEqual([{ endpointId: "long", disabledReason: "failing" }]);
    const long = await endpointRow("long");
    expect(long).toMatchObject({ disabledReason: "failing", failingSince: since });
    expect(isRecent(long.disabledAt)).toBe(true);
    for (const id of ["not_yet", "since_now", "well_again"])
      expect(await endpointRow(id)).toMatchObject({ disabledAt: null, disabledReason: null });
    expect(await database.prisma.alert.findMany()).toMatchObject([
      {
        id: expect.stringMatching(/^alert_[0-9A-Z]{26}$/),
        type: "endpoint_disabled",
        creatorId: null,
        key: expect.stringContaining("long:"),
        payload: { endpointId: "long", reason: "failing", failingSince: "2026-11-22T20:00:00.040Z" },
      },
    ]);
    expect(await alertsUntold({ database })).toEqual([]);
  });

  it("is granted the longest time where tries do not agree on it", async () => {
    await endpoint("end_1", { failingSince: secondsAgo(150) });
    await underWay("end_1", "a", "b");
    const tries = [100, 200].map((disableAfterSeconds, at) =>
      tried(`dlv_${"ab"[at]}`, { disableAfterSeconds }),
    );
    expect(await recordTries(database, tries)).toEqual([]);
  });

  it("that answers 410 once is disabled, even if it takes others", async () => {
    const since = secondsAgo(30);
    await endpoint("new");
    await endpoint("failing", { failingSince: since });
    await underWay("new", "a", "b");
    await underWay("failing", "c");
    const at = secondsAgo(3);
    const tries = [taken("dlv_a", { at }), { ...tried("dlv_b", { at }), ...gone }];
    const disabled = await recordTries(database, [...tries, { ...tried("dlv_c"), ...gone }]);
    expect(disabled.sort((one, other) => (one.endpointId < other.endpointId ? -1 : 1))).toEqual([
      { endpointId: "failing", disabledReason: "gone" },
      { endpointId: "new", disabledReason: "gone" },
    ]);
    expect(await endpointRow("new")).toMatchObject({ disabledReason: "gone", failingSince: at });
    expect(await endpointRow("failing")).toMatchObject({ disabledReason: "gone", failingSince: since });
    const alerts = await database.prisma.alert.findMany();
    expect(alerts.map(({ payload }) => (payload as { reason: string }).reason)).toEqual(["gone", "gone"]);
  });

  it("that fails tests alone is not disabled, nor known to fail; one that takes a test is known to do well", async () => {
    await endpoint("new");
    await endpoint("failing", { failingSince: secondsAgo(1_000) });
    await underWay("new", "a");
    await underWay("failing", "b", "c");
    const test = { isTest: true, outcome: "failed" } as const;
    expect(await recordTries(database, [tried("dlv_a", test), tried("dlv_b", test)])).toEqual([]);
    expect(await endpointRow("new")).toMatchObject({ disabledAt: null, failingSince: null });
    expect(await endpointRow("failing")).toMatchObject({ disabledAt: null, failingSince: expect.any(Date) });
    expect(await triesOf("dlv_a")).toHaveLength(1);
    await recordTries(database, [taken("dlv_c", { isTest: true })]);
    expect(await endpointRow("failing")).toMatchObject({ disabledAt: null, failingSince: null });
  });

  it("that is disabled already is not disabled again", async () => {
    const by = { disabledAt: secondsAgo(50), disabledReason: "by_request" };
    await endpoint("end_1", { ...by, failingSince: secondsAgo(1_000) });
    await underWay("end_1", "a", "b");
    expect(await recordTries(database, [tried("dlv_a"), { ...tried("dlv_b"), ...gone }])).toEqual([]);
    expect(await endpointRow("end_1")).toMatchObject(by);
    expect(await database.prisma.alert.count()).toBe(0);
  });

  it("that is disabled while tries are written down is not disabled again", async () => {
    await endpoint("end_1");
    await underWay("end_1", "a");
    const switchOff = `UPDATE "WebhookEndpoint" SET "disabledAt" = now(), "disabledReason" = 'by_request'`;
    const tries = [{ ...tried("dlv_a"), ...gone }];
    expect(await behindChange(switchOff, () => recordTries(database, tries))).toEqual([]);
    expect(await endpointRow("end_1")).toMatchObject({ disabledReason: "by_request" });
    expect(await database.prisma.alert.count()).toBe(0);
  });
});

describe("tries that several workers write down at once", () => {
  it("wait for no event that is published meanwhile", async () => {
    await endpoint("end_1");
    await underWay("end_1", "a");
    const named = `SELECT FROM "Delivery", "WebhookEndpoint" FOR KEY SHARE`;
    await whileHeld(named, () => recordTries(database, [{ ...tried("dlv_a"), ...gone }]));
    expect(await endpointRow("end_1")).toMatchObject({ disabledReason: "gone" });
  });

  it.each([
    ["Delivery", "dlv_"],
    ["WebhookEndpoint", "end_"],
  ])("lock each %s in one order, so that two can't wait for each other", async (table, prefix) => {
    // As they lie in the table, and as they are named, the other way round.
    for (const name of ["c", "b", "a"]) {
      await endpoint(`end_${name}`);
      await underWay(`end_${name}`, name);
    }
    const tries = ["c", "b", "a"].map((name) => tried(`dlv_${name}`));
    await inSession(async (client) => {
      await client.query(`SELECT FROM "${table}" WHERE "id" = '${prefix}b' FOR NO KEY UPDATE`);
      const recording = recordTries(database, tries);
      await untilSomeoneWaits(client);
      const free = `SELECT "id" FROM "${table}" WHERE "id" <> '${prefix}b' FOR NO KEY UPDATE SKIP LOCKED`;
      expect((await client.query(free)).rows).toEqual([{ id: `${prefix}c` }]);
      await client.query("COMMIT");
      await recording;
    });
  });
});
