import { describe, expect, it } from "@jest/globals";
import { pendingDeliveries } from "../src/index.ts";
import { database, delivery, endpoint, secondsAgo } from "./webhook-rows.ts";

describe("what an endpoint is still to be told", () => {
  it("is what waits, what is due and what is under way, each by itself, and when the first that waits is tried", async () => {
    for (const id of ["end_1", "end_2", "end_3"]) await endpoint(id);
    await delivery("later", "end_1", { nextTryAt: secondsAgo(-50) });
    await delivery("sooner", "end_1", { nextTryAt: secondsAgo(-40) });
    await delivery("latest", "end_1", { nextTryAt: secondsAgo(-60) });
    await delivery("due_1", "end_1", { nextTryAt: secondsAgo(5) });
    await delivery("left_behind", "end_1", { claimedAt: secondsAgo(30), nextTryAt: secondsAgo(5) });
    await delivery("under_way", "end_1", { claimedAt: secondsAgo(9), nextTryAt: secondsAgo(-10) });
    await delivery("told", "end_1", { status: "delivered", nextTryAt: null });
    await delivery("given_up", "end_1", { status: "failed", nextTryAt: null });
    await delivery("elsewhere", "end_2", { nextTryAt: secondsAgo(5) });
    expect(await pendingDeliveries(database, ["end_1", "end_3"])).toEqual(
      new Map([
        ["end_1", { waiting: 3, due: 2, underWay: 1, nextTryAt: secondsAgo(-40) }],
        ["end_3", { waiting: 0, due: 0, underWay: 0, nextTryAt: null }],
      ]),
    );
    expect(await pendingDeliveries(database, [])).toEqual(new Map());
  });
});
