import { beforeEach, describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { rest, stack, start, submitMany } from "./fault-run.ts";
import { deliveriesOf, endpointOf, type RegisteredReceiver, register } from "./webhook-run.ts";

/** Asks for a test event, which needs no job. */
async function ping({ id }: RegisteredReceiver): Promise<string> {
  const response = await stack.request("POST", `/api/ai/webhooks/${id}/test`);
  expect(response.status).toBe(202);
  return ((await response.json()) as { eventId: string }).eventId;
}

const heard = (receiver: RegisteredReceiver) => receiver.received.map(({ id }) => id);

describe("an endpoint", () => {
  beforeEach(() =>
    start({ environment: { WEBHOOK_RETRY_SCHEDULE: "100ms,100ms,100ms", WEBHOOK_TIMEOUT: "2s" } }),
  );

  it("that never answers delays no other, and is tried again", async () => {
    const slow = await register();
    slow.answer = () => {};
    const quick = await register();
    const ids = await submitMany(150);
    await rest();
    // All that the slow one can have under way hangs by now.
    await eventually(() => expect(new Set(heard(quick)).size).toBe(ids.length));
    expect(slow.requests).toBeGreaterThan(0);
    const { delivered, pending } = Object.fromEntries(
      (
        await stack.database.prisma.delivery.groupBy({
          by: ["status"],
          where: { endpointId: slow.id },
          _count: true,
        })
      ).map((group) => [group.status, group._count]),
    );
    expect(delivered).toBeUndefined();
    expect(pending).toBeGreaterThan(0);
    slow.answer = (_request, response) => response.writeHead(200).end();
    await eventually(() => expect(slow.received.length).toBeGreaterThan(0));
    expect(await stack.database.prisma.deliveryTry.count({ where: { error: "timeout" } })).toBeGreaterThan(0);
    expect(quick.faults).toEqual([]);
  });

  it("that answers 410 hears no more, and operators are told", async () => {
    const gone = await register();
    gone.answer = (_request, response) => response.writeHead(410).end("moved out");
    const other = await register(["alert.raised"]);
    const bound = await register(["alert.raised"], { creatorIds: ["psy"] });
    await ping(gone);
    await eventually(async () =>
      expect(await endpointOf(gone)).toMatchObject({ enabled: false, disabledReason: "gone" }),
    );
    expect(gone.requests).toBe(1);
    expect(await deliveriesOf(gone)).toMatchObject([
      { status: "failed", tries: [{ status: 410, body: "moved out" }] },
    ]);
    await eventually(() => expect(other.received).toHaveLength(1));
    expect(other.received[0]?.event).toMatchObject({
      type: "alert.raised",
      data: { alert: "endpoint_disabled", endpointId: gone.id, reason: "gone", creatorId: null },
    });
    const alerts = await (await stack.request("GET", "/api/ai/admin/alerts?type=endpoint_disabled")).json();
    expect(alerts).toMatchObject({
      items: [
        {
          type: "endpoint_disabled",
          message: `Webhook endpoint ${gone.id} was disabled: it answered 410 Gone.`,
        },
      ],
    });
    expect((await stack.request("POST", `/api/ai/webhooks/${gone.id}/test`)).status).toBe(409);

    const ids = await submitMany(2);
    await rest();
    await assertInvariants(stack, ids);
    expect(gone.requests).toBe(1);
    expect(bound.requests).toBe(0);

    // Enabled again it hears of what happens then, and by replay of what it missed.
    gone.answer = (_request, response) => response.writeHead(200).end();
    expect((await stack.request("PATCH", `/api/ai/webhooks/${gone.id}`, { enabled: true })).status).toBe(200);
    const replay = await stack.request(
      "POST",
      `/api/ai/webhooks/${gone.id}/replay?since=2026-01-01T00:00:00Z`,
    );
    expect(await replay.json()).toEqual({ deliveries: 2 });
    await eventually(() => expect(gone.received).toHaveLength(2));
    expect(gone.faults).toEqual([]);
  });

  it("that redirects, floods, drips or breaks off has its tries written down", async () => {
    const redirecting = await register();
    redirecting.answer = (_request, response) => response.writeHead(307, { location: "/elsewhere" }).end();
    const flooding = await register();
    let flood = 0;
    flooding.answer = (_request, response) => {
      response.writeHead(500);
      const pour = () => {
        while (response.writable && response.write("x".repeat(16_384))) flood += 16_384;
      };
      response.on("drain", pour);
      pour();
    };
    const dripping = await register();
    dripping.answer = (_request, response) => {
      response.writeHead(500);
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
    };
    const breaking = await register();
    breaking.answer = (request) => request.socket.destroy();
    const refusing = await register();
    refusing.answer = (_request, response) => response.writeHead(500).end(`no \0 ${"é".repeat(2_000)}`);
    const all = [redirecting, flooding, dripping, breaking, refusing];
    for (const receiver of all) await ping(receiver);
    for (const receiver of all) {
      await eventually(async () =>
        expect(await deliveriesOf(receiver)).toMatchObject([{ status: "failed" }]),
      );
    }
    const triesOf = async (receiver: RegisteredReceiver) => (await deliveriesOf(receiver))[0]?.tries ?? [];
    expect(await triesOf(redirecting)).toMatchObject(Array(4).fill({ status: 307, error: "redirect" }));
    expect(redirecting.requests).toBe(4);
    const [first] = await triesOf(flooding);
    expect(first).toMatchObject({ status: 500 });
    expect(first?.body).toHaveLength(1024);
    // What is in the buffers of two sockets, four times, and no more.
    expect(flood).toBeLessThan(64 * 1024 * 1024);
    expect(await triesOf(dripping)).toMatchObject(Array(4).fill({ status: 500, error: "timeout" }));
    expect(await triesOf(breaking)).toMatchObject(Array(4).fill({ error: "connection_lost" }));
    expect((await triesOf(refusing))[0]?.body).toMatch(/^no \uFFFD é+/);
  });

  it("is signed for by two secrets after a rotation, and by the new one alone a day later", async () => {
    const receiver = await register();
    const old = receiver.secret;
    const rotated = await stack.request("POST", `/api/ai/webhooks/${receiver.id}/rotate-secret`);
    const { secret } = (await rotated.json()) as { secret: string };
    expect(secret).not.toBe(old);
    await ping(receiver);
    await eventually(() => expect(receiver.received).toHaveLength(1));
    receiver.secret = secret;
    await ping(receiver);
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(receiver.received.map(({ signatures }) => signatures)).toEqual([2, 2]);
    await stack.database.prisma.webhookEndpoint.updateMany({ data: { previousSecretUntil: new Date(0) } });
    await ping(receiver);
    await eventually(() => expect(receiver.received).toHaveLength(3));
    expect(receiver.received.at(-1)?.signatures).toBe(1);
    expect(receiver.faults).toEqual([]);
    const stored = await stack.database.prisma.webhookEndpoint.findFirstOrThrow();
    expect(Buffer.from(stored.secret).toString("latin1")).not.toContain(secret.slice(6));
    expect(stack.workers.map((worker) => worker.output()).join() + stack.api.output()).not.toContain(
      secret.slice(6),
    );
  });

  it("gets a delivery again under the same id, by itself or since a time", async () => {
    const receiver = await register();
    const ids = await submitMany(3);
    await rest();
    await eventually(() => expect(receiver.received).toHaveLength(3));
    const [newest] = await deliveriesOf(receiver);
    await stack.request("POST", `/api/ai/webhooks/deliveries/${newest?.id}/replay`);
    await eventually(() => expect(receiver.received).toHaveLength(4));
    expect(heard(receiver).at(-1)).toBe(newest?.eventId);
    await eventually(async () =>
      expect((await deliveriesOf(receiver))[0]).toMatchObject({ status: "delivered", tries: [{}, {}] }),
    );
    await stack.request("POST", `/api/ai/webhooks/${receiver.id}/replay?since=${newest?.createdAt}`);
    const since = new Date(Date.now() + 60_000).toISOString();
    const none = await stack.request("POST", `/api/ai/webhooks/${receiver.id}/replay?since=${since}`);
    expect(await none.json()).toEqual({ deliveries: 0 });
    await eventually(() => expect(receiver.received.length).toBeGreaterThan(3));
    expect(new Set(heard(receiver)).size).toBe(ids.length);
    await assertInvariants(stack, ids);
  });

  it("hears at a job's callbackUrl, signed by its own secret, of its creators alone", async () => {
    const receiver = await register(["job.failed"], { creatorIds: ["psy"] });
    const submit = (creatorId: string, callbackUrl: string) =>
      stack.request("POST", "/api/ai/agents/messaging/jobs", {
        creatorId,
        input: { fanId: "fan_1", message: "Hello, are you there?" },
        options: { callbackUrl },
      });
    expect((await submit("psy", `${receiver.url}/chat/7?x=1`)).status).toBe(202);
    await eventually(() => expect(receiver.received).toHaveLength(1));
    expect(receiver.received[0]).toMatchObject({
      path: "/hook/chat/7?x=1",
      event: { type: "job.completed" },
    });
    for (const [creatorId, url] of [
      ["eminem", receiver.url],
      ["psy", `${receiver.url}s`],
      ["psy", receiver.url.replace("/hook", "/other")],
      ["psy", receiver.url.replace("http://", "http://user:password@")],
    ] as const) {
      const refused = await submit(creatorId, url);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ code: "callback_not_allowed" });
    }
  });
});

describe("an endpoint that fails for too long", () => {
  it("is disabled, and what waits for it is given up", async () => {
    await start({
      environment: { WEBHOOK_RETRY_SCHEDULE: Array(50).fill("100ms").join(), WEBHOOK_DISABLE_AFTER: "1s" },
    });
    const failing = await register();
    failing.answer = (_request, response) => response.writeHead(503).end();
    const ids = await submitMany(5);
    await rest();
    await eventually(async () =>
      expect(await endpointOf(failing)).toMatchObject({ enabled: false, disabledReason: "failing" }),
    );
    await assertInvariants(stack, ids);
    await eventually(async () =>
      expect((await deliveriesOf(failing)).map(({ status }) => status)).toEqual(Array(5).fill("failed")),
    );
    const [alert] = await stack.database.prisma.alert.findMany({ where: { type: "endpoint_disabled" } });
    expect(alert).toMatchObject({
      type: "endpoint_disabled",
      creatorId: null,
      payload: { reason: "failing" },
    });
    expect(await stack.database.prisma.alert.count({ where: { type: "endpoint_disabled" } })).toBe(1);
  });
});
