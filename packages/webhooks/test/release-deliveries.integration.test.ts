import { describe, expect, it } from "@jest/globals";
import { giveUpDeliveries, releaseDeliveries, takeBackReleased } from "../src/index.ts";
import { database, delivery, deliveryRow, endpoint, secondsAgo, whileHeld } from "./webhook-rows.ts";

const bound = { perEndpoint: 3, perFailing: 2 };
const released = async (with_ = bound) =>
  (await releaseDeliveries(database, with_)).map(({ id }) => id).sort();

/** Deliveries that have been due for so many seconds, by name. */
async function due(endpointId: string, names: Record<string, number>): Promise<void> {
  for (const [name, seconds] of Object.entries(names))
    await delivery(name, endpointId, { nextTryAt: secondsAgo(seconds) });
}

const dispatched = () => ({ dispatchedAt: secondsAgo(2) });

describe("deliveries whose time has come", () => {
  it("are released once, as they are", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await delivery("first", "end_1");
    await delivery("again", "end_2", { generation: 4, tries: 2 });
    expect((await releaseDeliveries(database, bound)).sort((one, other) => one.tries - other.tries)).toEqual([
      { id: "dlv_first", generation: 1, tries: 0 },
      { id: "dlv_again", generation: 4, tries: 2 },
    ]);
    const { dispatchedAt } = await deliveryRow("dlv_first");
    expect(dispatchedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(await released()).toEqual([]);
  });

  it("alone are released: none that is to be tried later, is under way or has ended", async () => {
    await endpoint("end_1");
    await due("end_1", { due: 1, later: -60 });
    await delivery("under_way", "end_1", dispatched());
    await delivery("delivered", "end_1", { status: "delivered" });
    await delivery("failed", "end_1", { status: "failed" });
    await delivery("never", "end_1", { nextTryAt: null });
    expect(await released({ perEndpoint: 10, perFailing: 10 })).toEqual(["dlv_due"]);
  });

  it("are released to no endpoint that is disabled or deleted", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await endpoint("end_1");
    await due("disabled", { one: 1 });
    await due("deleted", { two: 1 });
    await due("end_1", { three: 1 });
    expect(await released()).toEqual(["dlv_three"]);
  });

  it("are released the longest due first, up to the bound of each endpoint", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await due("end_1", { a: 20, b: 50, c: 30, d: 10, e: 40 });
    await due("end_2", { f: 5, g: 1 });
    expect(await released()).toEqual(["dlv_b", "dlv_c", "dlv_e", "dlv_f", "dlv_g"]);
  });

  it("have room beside those under way to the same endpoint, not beside those that have ended", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await delivery("under_way", "end_1", dispatched());
    await delivery("ended", "end_1", { status: "delivered", ...dispatched() });
    await delivery("elsewhere_1", "end_2", dispatched());
    await delivery("elsewhere_2", "end_2", dispatched());
    await due("end_1", { a: 40, b: 30, c: 20, d: 10 });
    expect(await released()).toEqual(["dlv_a", "dlv_b"]);
    expect(await released()).toEqual([]);
  });

  it("have less room while all tries of their endpoint fail", async () => {
    await endpoint("failing", { failingSince: secondsAgo(60) });
    await endpoint("well");
    await due("failing", { a: 30, b: 20, c: 10 });
    await due("well", { d: 30, e: 20, f: 10, g: 5 });
    expect(await released()).toEqual(["dlv_a", "dlv_b", "dlv_d", "dlv_e", "dlv_f"]);
  });

  it("wait where more are under way than their endpoint may have by now", async () => {
    await endpoint("failing", { failingSince: secondsAgo(60) });
    await endpoint("well");
    for (const name of ["a", "b", "c"]) await delivery(name, "failing", dispatched());
    await due("failing", { d: 10 });
    await due("well", { e: 10 });
    expect(await released()).toEqual(["dlv_e"]);
  });

  it("are left to the worker that releases for their endpoint at this moment, without waiting for it", async () => {
    await endpoint("taken");
    await endpoint("free");
    await due("taken", { a: 1 });
    await due("free", { b: 1 });
    const taken = `SELECT FROM "WebhookEndpoint" WHERE "id" = 'taken' FOR NO KEY UPDATE`;
    expect(await whileHeld(taken, () => released())).toEqual(["dlv_b"]);
    expect(await released()).toEqual(["dlv_a"]);
  });

  it("are passed over without waiting where another changes them", async () => {
    await endpoint("end_1");
    await due("end_1", { a: 3, b: 2, c: 1 });
    const taken = `SELECT FROM "Delivery" WHERE "id" = 'dlv_b' FOR NO KEY UPDATE`;
    expect(await whileHeld(taken, () => released())).toEqual(["dlv_a", "dlv_c"]);
  });

  it("are released though others write of them or their endpoint at this moment", async () => {
    await endpoint("end_1");
    await due("end_1", { a: 1 });
    const named = `SELECT FROM "Delivery", "WebhookEndpoint" FOR KEY SHARE`;
    expect(await whileHeld(named, () => released())).toEqual(["dlv_a"]);
  });
});

describe("deliveries that were released and have not ended", () => {
  it("are taken back after so many seconds, and released again", async () => {
    await endpoint("end_1");
    await delivery("old_1", "end_1", { dispatchedAt: secondsAgo(40) });
    await delivery("old_2", "end_1", { dispatchedAt: secondsAgo(50) });
    await delivery("young", "end_1", { dispatchedAt: secondsAgo(5) });
    await delivery("ended", "end_1", { dispatchedAt: secondsAgo(40), status: "failed" });
    await delivery("waiting", "end_1");
    expect(await takeBackReleased(database, 30)).toBe(2);
    expect(await takeBackReleased(database, 30)).toBe(0);
    expect(await released({ perEndpoint: 10, perFailing: 10 })).toEqual([
      "dlv_old_1",
      "dlv_old_2",
      "dlv_waiting",
    ]);
    expect(await deliveryRow("dlv_young")).toHaveProperty("dispatchedAt", expect.any(Date));
    expect(await deliveryRow("dlv_ended")).toHaveProperty("dispatchedAt", expect.any(Date));
  });

  it("are taken back at once where that is asked for, and after parts of a second", async () => {
    await endpoint("end_1");
    await delivery("now", "end_1", { dispatchedAt: secondsAgo(0.3) });
    expect(await takeBackReleased(database, 600.5)).toBe(0);
    expect(await takeBackReleased(database, 0.2)).toBe(1);
    await delivery("later", "end_1", { dispatchedAt: secondsAgo(0.01) });
    expect(await takeBackReleased(database, 0)).toBe(1);
  });

  it("are passed over without waiting where another changes them", async () => {
    await endpoint("end_1");
    await delivery("held", "end_1", { dispatchedAt: secondsAgo(40) });
    await delivery("named", "end_1", { dispatchedAt: secondsAgo(40) });
    const held = `SELECT FROM "Delivery" WHERE "id" = 'dlv_held' FOR NO KEY UPDATE`;
    expect(await whileHeld(held, () => takeBackReleased(database, 30))).toBe(1);
    const named = `SELECT FROM "Delivery" FOR KEY SHARE`;
    expect(await whileHeld(named, () => takeBackReleased(database, 30))).toBe(1);
  });
});

describe("deliveries to an endpoint that is disabled or deleted", () => {
  it("are given up where they wait, and only there", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await endpoint("well");
    await delivery("one", "disabled");
    await delivery("two", "deleted", dispatched());
    await delivery("told", "disabled", { status: "delivered", nextTryAt: null, deliveredAt: secondsAgo(9) });
    await delivery("kept", "well", dispatched());
    expect(await giveUpDeliveries(database, 10)).toBe(2);
    const failed = { status: "failed", nextTryAt: null, dispatchedAt: null };
    expect(await deliveryRow("dlv_one")).toMatchObject(failed);
    expect(await deliveryRow("dlv_two")).toMatchObject(failed);
    expect(await deliveryRow("dlv_told")).toMatchObject({ status: "delivered" });
    expect(await deliveryRow("dlv_kept")).toMatchObject({
      status: "pending",
      nextTryAt: expect.any(Date),
      dispatchedAt: expect.any(Date),
    });
    expect(await giveUpDeliveries(database, 10)).toBe(0);
  });

  it("are given up so many at a time", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await due("disabled", { a: 1, b: 2, c: 3 });
    expect(await giveUpDeliveries(database, 2)).toBe(2);
    expect(await giveUpDeliveries(database, 2)).toBe(1);
  });

  it("are passed over without waiting where another changes them", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await due("disabled", { held: 1, free: 2 });
    const held = `SELECT FROM "Delivery" WHERE "id" = 'dlv_held' FOR NO KEY UPDATE`;
    expect(await whileHeld(held, () => giveUpDeliveries(database, 10))).toBe(1);
    const named = `SELECT FROM "Delivery" FOR KEY SHARE`;
    expect(await whileHeld(named, () => giveUpDeliveries(database, 10))).toBe(1);
  });
});
