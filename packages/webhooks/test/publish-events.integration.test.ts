import { describe, expect, it } from "@jest/globals";
import { publishEvents } from "../src/index.ts";
import {
  database,
  delivered,
  delivery,
  endpoint,
  event,
  job,
  secondsAgo,
  whileHeld,
} from "./webhook-rows.ts";

const publishedIds = async () => {
  const rows = await database.prisma.outbox.findMany({ where: { publishedAt: { not: null } } });
  return rows.map(({ id }) => id).sort();
};

describe("events in the outbox", () => {
  it("are delivered to each endpoint that listens to them and hears of their creator, and to no other", async () => {
    await endpoint("of_all");
    await endpoint("of_psy", { creatorIds: ["eminem", "psy"] });
    await endpoint("of_eminem", { creatorIds: ["eminem"] });
    await endpoint("of_failures", { events: ["job.failed", "alert.raised"] });
    await endpoint("of_failures_of_psy", { events: ["job.failed", "alert.raised"], creatorIds: ["psy"] });
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await event("evt_done", 4);
    await event("evt_failed", 3, { type: "job.failed" });
    await event("evt_alert", 2, { type: "alert.raised", creatorId: null, payload: { n: 1 } });
    expect(await publishEvents(database, 10)).toBe(3);
    expect(await delivered()).toEqual([
      "of_all ← evt_done",
      "of_failures ← evt_alert",
      "of_failures ← evt_failed",
      "of_failures_of_psy ← evt_failed",
      "of_psy ← evt_done",
    ]);
    const [alert] = await database.prisma.delivery.findMany({ where: { eventId: "evt_alert" } });
    expect(alert).toMatchObject({
      id: expect.stringMatching(/^dlv_[0-9A-Z]{26}$/),
      type: "alert.raised",
      creatorId: null,
      url: null,
      status: "pending",
      generation: 1,
      tries: 0,
      claimedAt: null,
    });
    const done = await database.prisma.delivery.findMany({ where: { eventId: "evt_done" } });
    expect(done.map(({ type, creatorId }) => [type, creatorId])).toEqual(
      Array(2).fill(["job.completed", "psy"]),
    );
  });

  it("are published once: an endpoint that was added since hears none of them", async () => {
    await event("evt_old", 60, { publishedAt: secondsAgo(59) });
    await event("evt_new", 1);
    await endpoint("of_all");
    expect(await publishEvents(database, 10)).toBe(1);
    expect(await publishEvents(database, 10)).toBe(0);
    expect(await delivered()).toEqual(["of_all ← evt_new"]);
  });

  it("are taken out so many at a time, the oldest first", async () => {
    await endpoint("of_all");
    for (const [id, age] of [
      ["evt_a", 20],
      ["evt_d", 50],
      ["evt_b", 30],
      ["evt_c", 40],
      ["evt_e", 10],
    ] as const)
      await event(id, age);
    expect(await publishEvents(database, 2)).toBe(2);
    expect(await publishedIds()).toEqual(["evt_c", "evt_d"]);
    expect(await publishEvents(database, 10)).toBe(3);
    expect(await publishedIds()).toEqual(["evt_a", "evt_b", "evt_c", "evt_d", "evt_e"]);
  });

  it("are left to the worker that takes them out at this moment, without waiting for it", async () => {
    await endpoint("of_all");
    await event("evt_taken", 2);
    await event("evt_free", 1);
    const taken = `SELECT FROM "Outbox" WHERE "id" = 'evt_taken' FOR NO KEY UPDATE`;
    expect(await whileHeld(taken, () => publishEvents(database, 10))).toBe(1);
    expect(await delivered()).toEqual(["of_all ← evt_free"]);
    expect(await publishEvents(database, 10)).toBe(1);
  });

  it("are taken out though somebody writes of them at this moment", async () => {
    await endpoint("of_all");
    await event("evt_named", 1);
    const named = `SELECT FROM "Outbox" WHERE "id" = 'evt_named' FOR KEY SHARE`;
    expect(await whileHeld(named, () => publishEvents(database, 10))).toBe(1);
  });

  it("are delivered to others beside an endpoint that has such a delivery already", async () => {
    await endpoint("first");
    await endpoint("second");
    const id = await delivery("told", "first", { tries: 3, event: { publishedAt: null } });
    expect(await publishEvents(database, 10)).toBe(1);
    expect(await delivered()).toEqual(["first ← evt_told", "second ← evt_told"]);
    expect(await database.prisma.delivery.findUnique({ where: { id } })).toMatchObject({ tries: 3 });
  });
});

describe("a job's callbackUrl", () => {
  const callback = (callbackEndpointId: string, name: string) => ({
    callbackEndpointId,
    callbackUrl: `https://${callbackEndpointId}.test/hook/${name}`,
  });
  const urls = async () => {
    const rows = await database.prisma.delivery.findMany();
    return Object.fromEntries(
      rows.map(({ endpointId, eventId, url }) => [`${endpointId} ← ${eventId}`, url]),
    );
  };

  it("takes the place of its endpoint's own, whatever that listens to, for this job alone", async () => {
    await endpoint("silent", { events: ["charge.closed"], creatorIds: ["psy"] });
    await endpoint("silent_too", { events: ["charge.closed"] });
    await endpoint("listening");
    await job("job_1", callback("silent", "1"));
    await job("job_2", callback("listening", "2"));
    await job("job_3");
    for (const n of [1, 2, 3]) await event(`evt_${n}`, n, { jobId: `job_${n}` });
    expect(await publishEvents(database, 10)).toBe(3);
    expect(await urls()).toEqual({
      "silent ← evt_1": "https://silent.test/hook/1",
      "listening ← evt_1": null,
      "listening ← evt_2": "https://listening.test/hook/2",
      "listening ← evt_3": null,
    });
  });

  it("is told nothing where its endpoint was narrowed away from that creator, disabled or deleted since", async () => {
    await endpoint("narrowed", { creatorIds: ["eminem"] });
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    for (const id of ["narrowed", "disabled", "deleted"]) {
      await job(`job_${id}`, callback(id, "1"));
      await event(`evt_${id}`, 1, { jobId: `job_${id}` });
    }
    expect(await publishEvents(database, 10)).toBe(3);
    expect(await delivered()).toEqual([]);
  });
});
