import { describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { recordTries } from "@understudy/webhooks";
import { database, deliveriesOf, delivery, register, ring, start, told } from "./webhook-way-run.ts";

const later = (ms: number) => new Date(Date.now() + ms);

describe("a delivery that a worker has claimed", () => {
  it("is left to it until its lease is over, and is made then under the same id", async () => {
    const receiver = await register();
    const claimedAt = later(-5_000);
    const underWay = await delivery(receiver.id, { claimedAt, nextTryAt: later(60_000) });
    const lost = await delivery(receiver.id, { claimedAt, nextTryAt: later(300) });
    start();
    await ring();
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(receiver.received.map(({ id }) => id)).toContain(lost.replace("dlv", "evt"));
    expect(await database.prisma.delivery.findUnique({ where: { id: underWay } })).toMatchObject({
      status: "pending",
      tries: 0,
    });
  });

  it("is claimed for longer than a try may take", async () => {
    const receiver = await register();
    receiver.answer = () => {};
    start({ timeoutMs: 3_000 });
    await ring();
    await eventually(() => expect(receiver.requests).toBe(1));
    const [row] = await deliveriesOf(receiver.id);
    expect((row?.nextTryAt?.getTime() ?? 0) - (row?.claimedAt?.getTime() ?? 0)).toBe(8_000);
  });

  it("counts once where another has made its try meanwhile, and not at all where it was replayed", async () => {
    const receiver = await register();
    const answers: (() => void)[] = [];
    receiver.answer = (_request, response) => answers.push(() => response.writeHead(500).end());
    start({ schedule: [3_600_000, 3_600_000] });
    const [made, replayed] = [await delivery(receiver.id, {}), await delivery(receiver.id, {})];
    await eventually(() => expect(answers).toHaveLength(2));
    const { prisma } = database;
    const fence = { id: made, generation: 1, tries: 0 };
    const taken = { outcome: "delivered", httpStatus: 204, isTest: false, gone: false } as const;
    await recordTries(database, [{ ...fence, ...taken, at: new Date(), ms: 1, disableAfterSeconds: 1 }]);
    const again = { generation: 2, nextTryAt: later(3_600_000), claimedAt: null };
    await prisma.delivery.update({ where: { id: replayed }, data: again });
    for (const answer of answers) answer();
    const last = await ring();
    await eventually(async () =>
      expect(await deliveriesOf(receiver.id)).toContainEqual(
        expect.objectContaining({ eventId: last, claimedAt: expect.any(Date) }),
      ),
    );
    const rows = await deliveriesOf(receiver.id);
    expect(rows.find(({ id }) => id === made)).toMatchObject({ status: "delivered", tries: 1 });
    expect(rows.find(({ id }) => id === replayed)).toMatchObject({
      status: "pending",
      tries: 0,
      attempts: [],
    });
  });
});

describe("deliveries that come together", () => {
  it("are claimed by few statements, and written down by few", async () => {
    const receiver = await register();
    const answers: (() => void)[] = [];
    receiver.answer = (_request, response) => answers.push(() => response.writeHead(204).end());
    for (let count = 0; count < 10; count++) await delivery(receiver.id, {});
    const ran: string[] = [];
    const counting: Database = {
      ...database,
      async execute(statement, items) {
        ran.push(statement.name);
        return await database.execute(statement, items);
      },
    };
    start({}, counting);
    await eventually(() => expect(answers).toHaveLength(10));
    expect(ran.filter((name) => name === "claim-deliveries").length).toBeLessThan(3);
    for (const answer of answers) answer();
    await eventually(async () =>
      expect((await deliveriesOf(receiver.id)).map(({ status }) => status)).toEqual(
        Array(10).fill("delivered"),
      ),
    );
    expect(ran.filter((name) => name === "record-tries").length).toBeLessThan(10);
  });

  it("are shared by two workers, and each is sent once", async () => {
    const receiver = await register();
    for (let count = 0; count < 150; count++) await delivery(receiver.id, {});
    const claims = new Map<string, number>();
    const counting = (worker: string): Database => ({
      ...database,
      async execute(statement, items) {
        const rows = await database.execute(statement, items);
        const before = claims.get(worker) ?? 0;
        if (statement.name === "claim-deliveries") claims.set(worker, before + rows.length);
        return rows as never;
      },
    });
    start({}, counting("one"));
    start({}, counting("other"));
    await eventually(() => expect(receiver.received).toHaveLength(150));
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(150);
    expect([...claims.values()].reduce((sum, count) => sum + count)).toBe(150);
  });
});

describe("a try that can't be written down", () => {
  it("is made again when its lease is over, and operators are told", async () => {
    const receiver = await register();
    let faults = 0;
    const failing: Database = {
      ...database,
      async execute(statement, items) {
        // As one of the data's.
        if (statement.name === "record-tries" && faults++ === 0)
          throw Object.assign(new Error("no"), { code: "22021" });
        return await database.execute(statement, items);
      },
    };
    start({ timeoutMs: 1 }, failing);
    await ring();
    await eventually(() => expect(told).toMatchObject([{ msg: "a try of a webhook is made again later" }]));
    const [row] = await deliveriesOf(receiver.id);
    expect(row).toMatchObject({ status: "pending", tries: 0, claimedAt: expect.any(Date) });
  });
});

describe("a worker that stops", () => {
  /** Starts, with a try that is under way until it is answered. */
  async function startTry() {
    const receiver = await register();
    let answer = () => {};
    receiver.answer = (_request, response) => {
      answer = () => void response.writeHead(204).end();
    };
    const webhooks = start();
    await ring();
    await eventually(() => expect(receiver.requests).toBe(1));
    return { receiver, webhooks, answer: () => answer() };
  }

  it("ends the tries under way", async () => {
    const { receiver, webhooks, answer } = await startTry();
    const stopped = webhooks.stop(new AbortController().signal);
    answer();
    await stopped;
    expect(await deliveriesOf(receiver.id)).toMatchObject([{ status: "delivered", tries: 1 }]);
  });

  it.each(["before", "while"])(
    "breaks them off where it is told to %s it stops: they count for nothing",
    async (when) => {
      const { receiver, webhooks } = await startTry();
      const stopping = new AbortController();
      if (when === "before") stopping.abort();
      const before = performance.now();
      const stopped = webhooks.stop(stopping.signal);
      stopping.abort();
      await stopped;
      expect(performance.now() - before).toBeLessThan(8_000);
      expect(await deliveriesOf(receiver.id)).toMatchObject([
        { status: "pending", tries: 0, attempts: [], claimedAt: null },
      ]);
    },
  );
});
