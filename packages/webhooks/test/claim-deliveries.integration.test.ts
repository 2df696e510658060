import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import { claimDeliveries, giveBackDeliveries, giveUpDeliveries } from "../src/index.ts";
import { database, delivery, deliveryRow, endpoint, secondsAgo, whileHeld } from "./webhook-rows.ts";

const bound = { limit: 100, perEndpoint: 3, perFailing: 2, leaseSeconds: 20 };
const wide = { ...bound, perEndpoint: 10, perFailing: 10 };
const claimed = async (with_ = bound) => (await claimDeliveries(database, with_)).map(({ id }) => id).sort();

/** Deliveries that have been due for so many seconds, by name. */
async function due(endpointId: string, names: Record<string, number>): Promise<void> {
  for (const [name, seconds] of Object.entries(names))
    await delivery(name, endpointId, { nextTryAt: secondsAgo(seconds) });
}

/** Claimed two seconds ago, and not lost to others for eighteen more. */
const underWay = () => ({ claimedAt: secondsAgo(2), nextTryAt: secondsAgo(-18) });

describe("deliveries whose time has come", () => {
  it("are claimed once, as they are", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await delivery("first", "end_1");
    await delivery("again", "end_2", { generation: 4, tries: 2 });
    const found = await claimDeliveries(database, bound);
    expect(found.sort((one, other) => one.tries - other.tries)).toMatchObject([
      { id: "dlv_first", generation: 1, tries: 0 },
      { id: "dlv_again", generation: 4, tries: 2 },
    ]);
    const { claimedAt, nextTryAt } = await deliveryRow("dlv_first");
    expect(claimedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect((nextTryAt?.getTime() ?? 0) - (claimedAt?.getTime() ?? 0)).toBe(20_000);
    expect(await claimed()).toEqual([]);
  });

  it("alone are claimed: none that is to be tried later, is under way or has ended", async () => {
    await endpoint("end_1");
    await due("end_1", { due: 1, later: -60 });
    await delivery("under_way", "end_1", underWay());
    await delivery("delivered", "end_1", { status: "delivered" });
    await delivery("failed", "end_1", { status: "failed" });
    await delivery("never", "end_1", { nextTryAt: null });
    expect(await claimed(wide)).toEqual(["dlv_due"]);
  });

  it("are claimed to no endpoint that is disabled or deleted", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await endpoint("end_1");
    await due("disabled", { one: 1 });
    await due("deleted", { two: 1 });
    await due("end_1", { three: 1 });
    expect(await claimed()).toEqual(["dlv_three"]);
  });

  it("are claimed the longest due first, up to the bound of each endpoint", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await due("end_1", { a: 20, b: 50, c: 30, d: 10, e: 40 });
    await due("end_2", { f: 5, g: 1 });
    expect(await claimed()).toEqual(["dlv_b", "dlv_c", "dlv_e", "dlv_f", "dlv_g"]);
  });

  it("have room beside those under way to the same endpoint, not beside those that have ended", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await delivery("under_way", "end_1", underWay());
    await delivery("ended", "end_1", { status: "delivered", ...underWay() });
    await delivery("later", "end_1", { nextTryAt: secondsAgo(-5) });
    await delivery("elsewhere_1", "end_2", underWay());
    await delivery("elsewhere_2", "end_2", underWay());
    await due("end_1", { a: 40, b: 30, c: 20, d: 10 });
    expect(await claimed()).toEqual(["dlv_a", "dlv_b"]);
    expect(await claimed()).toEqual([]);
  });

  it("have less room while all tries of their endpoint fail", async () => {
    await endpoint("failing", { failingSince: secondsAgo(60) });
    await endpoint("well");
    await due("failing", { a: 30, b: 20, c: 10 });
    await due("well", { d: 30, e: 20, f: 10, g: 5 });
    expect(await claimed()).toEqual(["dlv_a", "dlv_b", "dlv_d", "dlv_e", "dlv_f"]);
  });

  it("wait where more are under way than their endpoint may have by now", async () => {
    await endpoint("failing", { failingSince: secondsAgo(60) });
    await endpoint("well");
    for (const name of ["a", "b", "c"]) await delivery(name, "failing", underWay());
    await due("failing", { d: 10 });
    await due("well", { e: 10 });
    expect(await claimed()).toEqual(["dlv_e"]);
  });

  it("are claimed by many endpoints' share where the worker has little room, the longest due first", async () => {
    for (const id of ["end_1", "end_2", "end_3"]) await endpoint(id);
    await due("end_1", { a: 90, b: 80, c: 70, d: 60 });
    await due("end_2", { e: 50, f: 40 });
    await due("end_3", { g: 30 });
    expect(await claimed({ ...wide, limit: 5 })).toEqual(["dlv_a", "dlv_e", "dlv_g"]);
    expect(await claimed({ ...wide, limit: 1 })).toEqual(["dlv_b"]);
    expect(await claimed({ ...wide, limit: 4 })).toEqual(["dlv_c", "dlv_d", "dlv_f"]);
  });

  it("are left to the worker that claims of their endpoint at this moment, without waiting for it", async () => {
    await endpoint("taken");
    await endpoint("free");
    await due("taken", { a: 1 });
    await due("free", { b: 1 });
    const taken = `SELECT FROM "WebhookEndpoint" WHERE "id" = 'taken' FOR NO KEY UPDATE`;
    expect(await whileHeld(taken, () => claimed())).toEqual(["dlv_b"]);
    expect(await claimed()).toEqual(["dlv_a"]);
  });

  it("are passed over without waiting where another changes them", async () => {
    await endpoint("end_1");
    await due("end_1", { a: 3, b: 2, c: 1 });
    const taken = `SELECT FROM "Delivery" WHERE "id" = 'dlv_b' FOR NO KEY UPDATE`;
    expect(await whileHeld(taken, () => claimed())).toEqual(["dlv_a", "dlv_c"]);
  });

  it("are claimed though others write of them or their endpoint at this moment", async () => {
    await endpoint("end_1");
    await due("end_1", { a: 1 });
    const named = `SELECT FROM "Delivery", "WebhookEndpoint" FOR KEY SHARE`;
    expect(await whileHeld(named, () => claimed())).toEqual(["dlv_a"]);
  });
});

describe("a delivery that was claimed", () => {
  it("is claimed again once its worker has had it too long, with another's in between", async () => {
    await endpoint("end_1");
    await due("end_1", { held: 5 });
    expect(await claimed({ ...bound, leaseSeconds: 0.3 })).toEqual(["dlv_held"]);
    expect(await claimed()).toEqual([]);
    await eventually(async () => expect(await claimed()).toEqual(["dlv_held"]));
    expect(await deliveryRow("dlv_held")).toMatchObject({ generation: 1, tries: 0, status: "pending" });
  });

  it("takes room for as long as it is its worker's, and no longer", async () => {
    await endpoint("end_1");
    await delivery("left_behind", "end_1", { claimedAt: secondsAgo(60), nextTryAt: secondsAgo(40) });
    await due("end_1", { a: 30, b: 20, c: 10 });
    expect(await claimed()).toEqual(["dlv_a", "dlv_b", "dlv_left_behind"]);
  });

  it("is due at once where it is given back, and has used up no try", async () => {
    await endpoint("end_1");
    await delivery("mine", "end_1", { generation: 2, tries: 3, ...underWay() });
    await delivery("other", "end_1", underWay());
    expect(await giveBackDeliveries(database, [{ id: "dlv_mine", generation: 2, tries: 3 }])).toBe(1);
    expect(await deliveryRow("dlv_mine")).toMatchObject({ generation: 2, tries: 3, claimedAt: null });
    expect(await claimed()).toEqual(["dlv_mine"]);
  });

  it("is not given back where its try was made, a replay has made it void, or all is over", async () => {
    await endpoint("end_1");
    await delivery("made", "end_1", { tries: 1, ...underWay() });
    await delivery("replayed", "end_1", { generation: 2, ...underWay() });
    await delivery("given_up", "end_1", { status: "failed", nextTryAt: null });
    await delivery("told", "end_1", { status: "delivered", ...underWay() });
    await delivery("waiting", "end_1", { nextTryAt: secondsAgo(-60) });
    const ids = ["made", "replayed", "given_up", "told", "waiting"];
    const fences = ids.map((name) => ({ id: `dlv_${name}`, generation: 1, tries: 0 }));
    expect(await giveBackDeliveries(database, fences)).toBe(0);
    expect((await deliveryRow("dlv_waiting")).nextTryAt).toEqual(secondsAgo(-60));
  });

  it("is not given back, and not waited for, where another changes it", async () => {
    await endpoint("end_1");
    await delivery("held", "end_1", underWay());
    await delivery("free", "end_1", underWay());
    const fences = ["held", "free"].map((name) => ({ id: `dlv_${name}`, generation: 1, tries: 0 }));
    const held = `SELECT FROM "Delivery" WHERE "id" = 'dlv_held' FOR NO KEY UPDATE`;
    expect(await whileHeld(held, () => giveBackDeliveries(database, fences))).toBe(1);
    const named = `SELECT FROM "Delivery" FOR KEY SHARE`;
    expect(await whileHeld(named, () => giveBackDeliveries(database, fences))).toBe(1);
  });
});

describe("deliveries to an endpoint that is disabled or deleted", () => {
  it("are given up where they wait, and only there", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await endpoint("well");
    await delivery("one", "disabled");
    await delivery("two", "deleted", underWay());
    await delivery("told", "disabled", { status: "delivered", nextTryAt: null, deliveredAt: secondsAgo(9) });
    await delivery("kept", "well", underWay());
    expect(await giveUpDeliveries(database, 10)).toBe(2);
    const failed = { status: "failed", nextTryAt: null, claimedAt: null };
    expect(await deliveryRow("dlv_one")).toMatchObject(failed);
    expect(await deliveryRow("dlv_two")).toMatchObject(failed);
    expect(await deliveryRow("dlv_told")).toMatchObject({ status: "delivered" });
    expect(await deliveryRow("dlv_kept")).toMatchObject({
      status: "pending",
      nextTryAt: expect.any(Date),
      claimedAt: expect.any(Date),
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
