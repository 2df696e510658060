import { describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import { openWebhooksQueue } from "@understudy/queues";
import { eventually } from "@understudy/testkit";
import {
  database,
  deliveriesOf,
  delivery,
  producer,
  redis,
  register,
  ring,
  start,
  told,
} from "./webhook-way-run.ts";

describe("a delivery that was released", () => {
  it("is made again where Redis has lost it, and where its worker has left it behind", async () => {
    const receiver = await register();
    await delivery(receiver.id, { dispatchedAt: new Date() });
    start();
    await eventually(() => expect(receiver.received).toHaveLength(1));
    expect(told).toEqual([{ deliveries: 1, msg: "Redis is new or was wiped: released webhooks again" }]);
    const underWay = await delivery(receiver.id, { dispatchedAt: new Date(Date.now() - 5_000) });
    await delivery(receiver.id, { dispatchedAt: new Date(Date.now() - 31_000) });
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(told[1]).toEqual({ deliveries: 1, msg: "webhooks were left behind and are released again" });
    expect(await database.prisma.delivery.findUnique({ where: { id: underWay } })).toMatchObject({
      status: "pending",
      tries: 0,
    });
  });

  it("is not made where it is void, and what is none of ours harms nothing", async () => {
    const receiver = await register();
    const queue = openWebhooksQueue(producer);
    const id = await delivery(receiver.id, { generation: 2, nextTryAt: new Date(Date.now() + 3_600_000) });
    for (const payload of [
      { deliveryId: id, generation: 1, tries: 0 },
      { deliveryId: id, generation: 2, tries: 1 },
      { deliveryId: id, generation: "2", tries: 0 },
    ])
      await queue.add("try", payload as never);
    start();
    await ring();
    await eventually(async () => {
      expect(receiver.received).toHaveLength(1);
      expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, active: 0, delayed: 0, failed: 0 });
    });
    expect(receiver.requests).toBe(1);
    await queue.close();
  });
});

describe("deliveries that come together", () => {
  it("are read by few statements, and written down by few", async () => {
    const receiver = await register();
    const answers: (() => void)[] = [];
    receiver.answer = (_request, response) => answers.push(() => response.writeHead(204).end());
    for (let count = 0; count < 10; count++) await delivery(receiver.id, {});
    const ran: string[] = [];
    let goOn = () => {};
    const allThere = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const counting: Database = {
      ...database,
      async execute(statement, items) {
        ran.push(statement.name);
        if (statement.name === "deliveries-to-try") await allThere;
        return await database.execute(statement, items);
      },
    };
    const queue = openWebhooksQueue(producer);
    start({}, counting);
    await eventually(async () => expect(await queue.getActiveCount()).toBe(10));
    goOn();
    await eventually(() => expect(answers).toHaveLength(10));
    for (const answer of answers) answer();
    await eventually(async () =>
      expect((await deliveriesOf(receiver.id)).map(({ status }) => status)).toEqual(
        Array(10).fill("delivered"),
      ),
    );
    for (const name of ["deliveries-to-try", "record-tries"]) {
      expect(ran.filter((other) => other === name).length).toBeLessThan(10);
    }
    await queue.close();
  });
});

describe("a worker whose Redis goes away", () => {
  it("says so, and goes on when it is back", async () => {
    const receiver = await register();
    start();
    await redis.kill();
    await eventually(() =>
      expect(told).toContainEqual({
        err: expect.objectContaining({ message: expect.any(String) }),
        queue: "webhooks",
        msg: "the queue's connection has a fault",
      }),
    );
    await redis.restart();
    await eventually(() => expect(producer.status).toBe("ready"));
    await ring();
    await eventually(() => expect(receiver.received).toHaveLength(1));
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
      expect(await deliveriesOf(receiver.id)).toMatchObject([{ status: "pending", tries: 0, attempts: [] }]);
    },
  );
});
