import { describe, expect, it } from "@jest/globals";
import {
  claimDeliveries,
  endpointsOfCreators,
  publishEvents,
  replayDelivery,
  replaySince,
  sendTestEvent,
} from "../src/index.ts";
import {
  behindChange,
  database,
  delivered,
  delivery,
  deliveryRow,
  endpoint,
  event,
  job,
  secondsAgo,
  whileHeld,
} from "./webhook-rows.ts";

const ended = () => ({
  status: "delivered" as const,
  generation: 2,
  tries: 3,
  nextTryAt: null,
  deliveredAt: secondsAgo(30),
});

/** As it is where it begins anew, under way no more. */
const anew = { status: "pending", generation: 3, tries: 0, claimedAt: null, deliveredAt: null };

async function expectAnew(id: string): Promise<void> {
  const { nextTryAt, ...row } = await deliveryRow(id);
  expect(row).toMatchObject(anew);
  expect(nextTryAt?.getTime()).toBeLessThan(Date.now() + 1_000);
  expect(nextTryAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
}

describe("one delivery that is replayed", () => {
  it("begins anew, whatever became of it, and no other does", async () => {
    await endpoint("end_1");
    await delivery("told", "end_1", ended());
    await delivery("under_way", "end_1", { generation: 2, tries: 1, claimedAt: secondsAgo(2) });
    await delivery("other", "end_1", ended());
    for (const id of ["dlv_told", "dlv_under_way"]) {
      expect(await replayDelivery(database, id)).toBe(true);
      await expectAnew(id);
    }
    expect(await deliveryRow("dlv_other")).toMatchObject({ status: "delivered", generation: 2 });
    expect(await replayDelivery(database, "dlv_none")).toBeUndefined();
  });

  it.each(["disabledAt", "deletedAt"])("stays as it is where its endpoint has a %s", async (since) => {
    await endpoint("end_1", { [since]: secondsAgo(5) });
    await delivery("told", "end_1", ended());
    expect(await replayDelivery(database, "dlv_told")).toBe(false);
    expect(await deliveryRow("dlv_told")).toMatchObject({ status: "delivered", generation: 2 });
  });

  it("does not exist where its endpoint was narrowed away from that creator, unless it was a test", async () => {
    await endpoint("of_eminem", { creatorIds: ["eminem"] });
    await delivery("of_psy", "of_eminem", ended());
    await delivery("of_eminem", "of_eminem", { ...ended(), event: { creatorId: "eminem" } });
    await delivery("of_nobody", "of_eminem", {
      ...ended(),
      event: { type: "alert.raised", creatorId: null },
    });
    await delivery("test", "of_eminem", { ...ended(), event: { type: "webhook.test", creatorId: null } });
    expect(await replayDelivery(database, "dlv_of_psy")).toBeUndefined();
    expect(await replayDelivery(database, "dlv_of_nobody")).toBeUndefined();
    expect(await deliveryRow("dlv_of_psy")).toMatchObject({ status: "delivered", generation: 2 });
    expect(await replayDelivery(database, "dlv_of_eminem")).toBe(true);
    expect(await replayDelivery(database, "dlv_test")).toBe(true);
  });
});

describe("a delivery that somebody else works on", () => {
  it("does not exist where it is deleted at this moment", async () => {
    await endpoint("end_1");
    await delivery("old", "end_1", ended());
    const gone = await behindChange(`DELETE FROM "Delivery"`, () => replayDelivery(database, "dlv_old"));
    expect(gone).toBeUndefined();
  });

  it("begins anew without waiting for what is only written of it", async () => {
    await endpoint("end_1");
    await delivery("told", "end_1", ended());
    const named = `SELECT FROM "Delivery" FOR KEY SHARE`;
    expect(await whileHeld(named, () => replayDelivery(database, "dlv_told"))).toBe(true);
  });
});

describe("all events since a time", () => {
  const published = () => ({ publishedAt: secondsAgo(1) });

  it("begin anew where they were told, and are told for the first time where they were not", async () => {
    await endpoint("end_1");
    await endpoint("end_2");
    await delivery("told", "end_1", { ...ended(), url: "https://end_1.test/hook/7" });
    await delivery("under_way", "end_1", { generation: 2, tries: 1, claimedAt: secondsAgo(2) });
    await delivery("elsewhere", "end_2", ended());
    await event("evt_missed", 50, published());
    expect(await replaySince(database, "end_1", secondsAgo(100), 10)).toEqual({
      deliveries: 4,
      nextSince: null,
    });
    await expectAnew("dlv_told");
    expect(await deliveryRow("dlv_told")).toMatchObject({ url: "https://end_1.test/hook/7" });
    await expectAnew("dlv_under_way");
    expect(await deliveryRow("dlv_elsewhere")).toMatchObject({ status: "delivered", generation: 2 });
    expect(await delivered()).toEqual([
      "end_1 ← evt_elsewhere",
      "end_1 ← evt_missed",
      "end_1 ← evt_told",
      "end_1 ← evt_under_way",
      "end_2 ← evt_elsewhere",
    ]);
    const [missed] = await database.prisma.delivery.findMany({ where: { eventId: "evt_missed" } });
    expect(missed).toMatchObject({
      id: expect.stringMatching(/^dlv_[0-9A-Z]{26}$/),
      type: "job.completed",
      creatorId: "psy",
      url: null,
      status: "pending",
      generation: 1,
      claimedAt: null,
    });
  });

  it("are those that it wants now, and those that it was told of creators of whom it still hears", async () => {
    await endpoint("end_1", { creatorIds: ["psy"] });
    await endpoint("end_2", { events: ["job.failed"] });
    const failed = { type: "job.failed", ...published() };
    await delivery("no_longer_heard", "end_1", { ...ended(), event: { type: "job.failed" } });
    await delivery("narrowed", "end_1", { ...ended(), event: { creatorId: "eminem" } });
    await delivery("failed_elsewhere", "end_2", { ...ended(), event: { type: "job.failed" } });
    await event("evt_wanted", 50, published());
    await event("evt_failed", 50, failed);
    await event("evt_of_eminem", 50, { creatorId: "eminem", ...published() });
    await event("evt_of_nobody", 50, { creatorId: null, ...published() });
    expect(await replaySince(database, "end_1", secondsAgo(100), 10)).toMatchObject({ deliveries: 2 });
    await expectAnew("dlv_no_longer_heard");
    expect(await deliveryRow("dlv_narrowed")).toMatchObject({ status: "delivered", generation: 2 });
    expect((await delivered()).filter((row) => row.startsWith("end_1"))).toEqual([
      "end_1 ← evt_narrowed",
      "end_1 ← evt_no_longer_heard",
      "end_1 ← evt_wanted",
    ]);
  });

  it("are without those that come by themselves, and without tests", async () => {
    await endpoint("end_1", { events: ["job.completed", "webhook.test"] });
    await event("evt_unpublished", 50);
    await event("evt_untold_test", 50, { type: "webhook.test", ...published() });
    await delivery("test", "end_1", { ...ended(), event: { type: "webhook.test" } });
    expect(await replaySince(database, "end_1", secondsAgo(100), 10)).toEqual({
      deliveries: 0,
      nextSince: null,
    });
    expect(await deliveryRow("dlv_test")).toMatchObject({ generation: 2 });
    expect(await publishEvents(database, 10)).toBe(1);
  });

  it("include that very time, and are replayed page by page, the oldest first", async () => {
    await endpoint("end_1");
    const ages = { b: 30, d: 10, a: 40, e: 5, c: 20, before: 40.001 };
    for (const [name, age] of Object.entries(ages)) await event(`evt_${name}`, age, published());
    const at = async (id: string) =>
      (await database.prisma.outbox.findUniqueOrThrow({ where: { id } })).createdAt;
    const first = await replaySince(database, "end_1", await at("evt_a"), 2);
    expect(first).toEqual({ deliveries: 2, nextSince: await at("evt_c") });
    expect(await delivered()).toEqual(["end_1 ← evt_a", "end_1 ← evt_b"]);
    const rest = await replaySince(database, "end_1", await at("evt_c"), 3);
    expect(rest).toEqual({ deliveries: 3, nextSince: null });
    expect(await delivered()).toEqual(["a", "b", "c", "d", "e"].map((name) => `end_1 ← evt_${name}`));
  });

  it("that happened in the same moment are replayed in the order of their ids", async () => {
    await endpoint("end_1");
    const createdAt = secondsAgo(50);
    for (const name of ["d", "c", "b", "a"]) await event(`evt_${name}`, 0, { ...published(), createdAt });
    expect(await replaySince(database, "end_1", createdAt, 2)).toEqual({
      deliveries: 2,
      nextSince: createdAt,
    });
    expect(await delivered()).toEqual(["end_1 ← evt_a", "end_1 ← evt_b"]);
  });

  it.each(["disabledAt", "deletedAt"])("are none for an endpoint with a %s, and for none", async (since) => {
    await endpoint("end_1", { [since]: secondsAgo(5) });
    await event("evt_missed", 50, published());
    for (const id of ["end_1", "end_none"])
      expect(await replaySince(database, id, secondsAgo(100), 10)).toEqual({
        deliveries: 0,
        nextSince: null,
      });
  });
});

describe("a test event", () => {
  it("goes to its endpoint alone, whatever that listens to", async () => {
    await endpoint("end_1", { events: ["charge.closed"], creatorIds: ["psy"] });
    await endpoint("end_2", { events: ["webhook.test"] });
    const sent = await sendTestEvent(database, "end_1");
    expect(await publishEvents(database, 10)).toBe(0);
    expect(await delivered()).toEqual([`end_1 ← ${sent?.eventId}`]);
    expect(await deliveryRow(String(sent?.deliveryId))).toMatchObject({
      id: expect.stringMatching(/^dlv_[0-9A-Z]{26}$/),
      type: "webhook.test",
      status: "pending",
    });
    expect(await database.prisma.outbox.findMany()).toMatchObject([
      { type: "webhook.test", creatorId: null, jobId: null, payload: { endpointId: "end_1" } },
    ]);
  });

  it("is not sent where the endpoint is disabled, deleted or unknown", async () => {
    await endpoint("disabled", { disabledAt: secondsAgo(5) });
    await endpoint("deleted", { deletedAt: secondsAgo(5) });
    await endpoint("well");
    for (const id of ["disabled", "deleted", "unknown"])
      expect(await sendTestEvent(database, id)).toBeUndefined();
    expect(await database.prisma.outbox.count()).toBe(0);
  });
});

describe("what a try is told of its delivery", () => {
  const claimedById = async () => {
    const bound = { limit: 10, perEndpoint: 10, perFailing: 10, leaseSeconds: 20 };
    return (await claimDeliveries(database, bound)).sort((one, other) => (one.id < other.id ? -1 : 1));
  };

  it("is all that it needs", async () => {
    await endpoint("end_1", { secretKeyId: "k7" });
    await endpoint("end_2");
    await job("job_1", { traceparent: "00-trace-1" });
    await job("job_2", { traceparent: "00-trace-2" });
    const createdAt = secondsAgo(70);
    await delivery("job", "end_1", { generation: 2, tries: 1, event: { jobId: "job_1", createdAt } });
    const url = "https://end_2.test/hook/9";
    await delivery("alert", "end_2", {
      url,
      event: { type: "alert.raised", creatorId: null, payload: { n: 1 } },
    });
    const secrets = { previousSecret: null, previousSecretKeyId: null };
    expect(await claimedById()).toEqual([
      {
        ...{ id: "dlv_alert", generation: 1, tries: 0 },
        ...secrets,
        eventId: "evt_alert",
        type: "alert.raised",
        payload: { n: 1 },
        eventAt: expect.any(Date),
        jobId: null,
        endpointId: "end_2",
        url,
        secret: Buffer.from("sealed end_2"),
        secretKeyId: "k1",
        traceparent: null,
      },
      {
        ...{ id: "dlv_job", generation: 2, tries: 1 },
        ...secrets,
        eventId: "evt_job",
        type: "job.completed",
        payload: null,
        eventAt: createdAt,
        jobId: "job_1",
        endpointId: "end_1",
        url: "https://end_1.test/hook",
        secret: Buffer.from("sealed end_1"),
        secretKeyId: "k7",
        traceparent: "00-trace-1",
      },
    ]);
  });

  it("has the secret before a rotation as long as that signs as well", async () => {
    const before = { previousSecret: Buffer.from("old"), previousSecretKeyId: "k0" };
    await endpoint("rotated", { ...before, previousSecretUntil: secondsAgo(-60) });
    await endpoint("rotated_long_ago", { ...before, previousSecretUntil: secondsAgo(1) });
    await delivery("a", "rotated");
    await delivery("b", "rotated_long_ago");
    expect(await claimedById()).toMatchObject([
      { previousSecret: Buffer.from("old"), previousSecretKeyId: "k0" },
      { previousSecret: null },
    ]);
  });
});

describe("endpoints of some creators", () => {
  it("are those that hear of some of these and of no other", async () => {
    await endpoint("of_all");
    await endpoint("of_both", { creatorIds: ["psy", "eminem"] });
    await endpoint("of_psy", { creatorIds: ["psy"] });
    await endpoint("of_eminem", { creatorIds: ["eminem"] });
    await endpoint("deleted", { creatorIds: ["psy"], deletedAt: secondsAgo(5) });
    await endpoint("disabled", { creatorIds: ["psy"], disabledAt: secondsAgo(5) });
    const of = async (...ids: string[]) => (await endpointsOfCreators(database, ids)).sort();
    expect(await of("psy")).toEqual(["disabled", "of_psy"]);
    expect(await of("psy", "rihanna", "eminem")).toEqual(["disabled", "of_both", "of_eminem", "of_psy"]);
    expect(await of("rihanna")).toEqual([]);
  });
});
