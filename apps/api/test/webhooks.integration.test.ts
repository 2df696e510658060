import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { WebhookDelivery, WebhookEndpoint, WebhookEndpointSecret } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ environment: { WEBHOOK_ALLOW_PRIVATE: "0", WEBHOOK_RETRY_SCHEDULE: "100ms" } });
});

afterAll(() => stack.stop());

const path = "/api/ai/webhooks";
const url = "http://127.0.0.1:9/hook";

async function create(more: object = {}): Promise<WebhookEndpointSecret> {
  const response = await stack.request("POST", path, { url, events: ["job.completed"], ...more });
  expect(response.status).toBe(201);
  return (await response.json()) as WebhookEndpointSecret;
}

const read = async <Answer>(at: string) => (await (await stack.request("GET", at)).json()) as Answer;

describe("webhook endpoints", () => {
  it("are created with a secret that is shown this once", async () => {
    const { secret, ...endpoint } = await create({ description: "main", creatorIds: ["psy", "psy"] });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(endpoint).toMatchObject({
      url,
      description: "main",
      events: ["job.completed"],
      creatorIds: ["psy"],
      enabled: true,
    });
    const pending = { waiting: 0, due: 0, underWay: 0 };
    expect(await read(`${path}/${endpoint.id}`)).toEqual({ ...endpoint, pending });
    expect(JSON.stringify(await read(path))).not.toContain("whsec_");
  });

  it("are listed, the newest first, page by page", async () => {
    const created = [await create(), await create(), await create()].map(({ id }) => id);
    const ids: string[] = [];
    let cursor = "";
    do {
      const page = await read<{ items: WebhookEndpoint[]; nextCursor?: string }>(`${path}?limit=2${cursor}`);
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
    } while (cursor !== "");
    expect(ids.slice(0, 3)).toEqual(created.reverse());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(["PATCH", "PUT"])("keep what %s leaves out", async (method) => {
    const { id } = await create({ description: "main" });
    const change = async (body: object) => (await stack.request(method, `${path}/${id}`, body)).json();
    expect(await change({ events: ["job.failed", "charge.closed"] })).toMatchObject({
      url,
      description: "main",
      events: ["job.failed", "charge.closed"],
    });
    expect(await change({ enabled: false })).toMatchObject({ enabled: false, disabledReason: "by_request" });
    const enabled = await change({ enabled: true, description: null });
    expect(enabled).toMatchObject({ enabled: true });
    expect(enabled).not.toHaveProperty("disabledReason");
    expect(enabled).not.toHaveProperty("description");
  });

  it("are gone when they are deleted", async () => {
    const { id } = await create();
    expect((await stack.request("DELETE", `${path}/${id}`)).status).toBe(204);
    for (const [method, at] of [
      ["GET", id],
      ["PATCH", id],
      ["DELETE", id],
      ["POST", `${id}/test`],
      ["POST", `${id}/rotate-secret`],
      ["POST", `${id}/replay?since=2026-01-01T00:00:00Z`],
      ["GET", `${id}/deliveries`],
      ["GET", "end_%00"],
    ] as const) {
      const response = await stack.request(method, `${path}/${at}`, method === "PATCH" ? {} : undefined);
      expect(response.status).toBe(404);
      expect(await problemOf(response)).toMatchObject({ code: "endpoint_not_found" });
    }
    const replay = await stack.request("POST", `${path}/deliveries/dlv_none/replay`);
    expect(await problemOf(replay)).toMatchObject({ status: 404, code: "delivery_not_found" });
  });

  it.each([
    [{ url: "ftp://app.test/hook" }, "#/url"],
    [{ url: "https://user:password@app.test/hook" }, "#/url"],
    [{ url: "hook" }, "#/url"],
    [{ url: `https://app.test/${"x".repeat(2_050)}` }, "#/url"],
    [{ events: [] }, "#/events"],
    [{ events: ["job.done"] }, "#/events/0"],
    [{ creatorIds: [] }, "#/creatorIds"],
    [{ secret: "whsec_mine" }, "#/secret"],
  ])("are refused with a wrong field: %#", async (wrong, pointer) => {
    const response = await stack.request("POST", path, { url, events: ["job.completed"], ...wrong });
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: "invalid_request", errors: [{ pointer }] });
  });

  it("are not called at private addresses, and say so in their deliveries", async () => {
    const { id } = await create();
    const answer = await stack.request("POST", `${path}/${id}/test`);
    const { deliveryId, eventId } = (await answer.json()) as { deliveryId: string; eventId: string };
    await eventually(async () => {
      const { items } = await read<{ items: WebhookDelivery[] }>(`${path}/${id}/deliveries?status=failed`);
      expect(items).toMatchObject([
        {
          id: deliveryId,
          eventId,
          type: "webhook.test",
          // Of a test there is one.
          tries: [{ error: "address_not_allowed" }],
        },
      ]);
    });
    expect(await read(`${path}/${id}/deliveries?status=pending`)).toEqual({ items: [] });
  });

  it("say how many deliveries they are still to be told of, alone and in the list", async () => {
    const { id } = await create();
    const { prisma } = stack.database;
    const event = { id: "evt_pending", type: "webhook.test", payload: {}, publishedAt: new Date() };
    await prisma.outbox.create({ data: event });
    const nextTryAt = new Date(Date.now() + 3_600_000);
    const own = { endpointId: id, eventId: event.id, type: event.type, nextTryAt };
    await prisma.delivery.create({ data: { id: "dlv_pending", ...own } });
    const pending = { waiting: 1, due: 0, underWay: 0, nextTryAt: nextTryAt.toISOString() };
    expect(await read(`${path}/${id}`)).toMatchObject({ pending });
    const { items } = await read<{ items: WebhookEndpoint[] }>(path);
    expect(items.find((endpoint) => endpoint.id === id)).toMatchObject({ pending });
  });
});
