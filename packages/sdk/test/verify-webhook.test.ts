import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, type WebhookRequest, WebhookVerificationError } from "../src/index.ts";

const secret = `whsec_${Buffer.alloc(32, "a secret").toString("base64")}`;
const other = `whsec_${Buffer.alloc(32, "another").toString("base64")}`;
const event = {
  type: "webhook.test",
  timestamp: "2026-11-25T10:00:00.000Z",
  data: { endpointId: "end_ünï" },
};
const body = JSON.stringify(event);

/** As the sender signs it: by the library of Standard Webhooks. */
function headersOf(secrets = [secret], at = new Date(), text = body): Record<string, string> {
  return {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": secrets.map((one) => new Webhook(one).sign("evt_1", at, text)).join(" "),
  };
}

function fetchRequest(headers = headersOf(), text = body): Request {
  return new Request("https://app.test/hook", { method: "POST", headers, body: text });
}

async function causeOf(request: WebhookRequest, options: Parameters<typeof verifyWebhook>[1] = { secret }) {
  const error = await verifyWebhook(request, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WebhookVerificationError);
  return error as WebhookVerificationError;
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe("verifyWebhook takes", () => {
  const verified = { id: "evt_1", ...event };

  it("a Request of fetch", async () => {
    expect(await verifyWebhook(fetchRequest(), { secret })).toEqual(verified);
  });

  it("headers and a body, in whatever form they are", async () => {
    const headers = headersOf();
    const upper = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.toUpperCase(), value]),
    );
    const bytes = new TextEncoder().encode(body);
    for (const request of [
      { headers, body },
      { headers: upper, body: Buffer.from(body) },
      { headers: new Headers(headers), body: bytes },
      { headers, body: bytes.buffer },
    ]) {
      expect(await verifyWebhook(request, { secret })).toEqual(verified);
    }
  });

  it("Node's request, and Express' with its raw body", async () => {
    const outcomes: unknown[] = [];
    const app = express();
    const take = async (request: IncomingMessage) => outcomes.push(await verifyWebhook(request, { secret }));
    app.post("/raw", express.raw({ type: "application/json" }), async (request, response) => {
      await take(request);
      response.sendStatus(204);
    });
    app.post("/unread", async (request, response) => {
      await take(request);
      response.sendStatus(204);
    });
    app.post("/parsed", express.json(), async (request, response) => {
      outcomes.push(await causeOf(request));
      response.sendStatus(204);
    });
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (const path of ["raw", "unread", "parsed"]) {
      const headers = { ...headersOf(), "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { method: "POST", headers, body });
      expect(answer.status).toBe(204);
    }
    server.closeAllConnections();
    server.close();
    expect(outcomes.slice(0, 2)).toEqual([verified, verified]);
    expect(outcomes[2]).toMatchObject({
      code: "body_parsed",
      message: expect.stringContaining("express.raw"),
    });
  });

  it("several secrets, and several signatures of a rotation", async () => {
    expect(await verifyWebhook(fetchRequest(), { secret: [other, secret] })).toEqual(verified);
    expect(await verifyWebhook(fetchRequest(headersOf([other, secret])), { secret })).toEqual(verified);
  });
});

describe("verifyWebhook says why not", () => {
  it("the body was parsed, or read", async () => {
    const parsed = { headers: headersOf(), body: event } as unknown as WebhookRequest;
    expect(await causeOf(parsed)).toMatchObject({ code: "body_parsed" });
    const read = fetchRequest();
    await read.json();
    expect(await causeOf(read)).toMatchObject({
      code: "body_parsed",
      message: expect.stringContaining("request.json()"),
    });
  });

  it("another secret, or another body", async () => {
    expect(await causeOf(fetchRequest(), { secret: other })).toMatchObject({ code: "wrong_secret" });
    expect(await causeOf(fetchRequest(headersOf(), `${body} `))).toMatchObject({ code: "wrong_secret" });
    const forged = { ...headersOf(), "webhook-id": "evt_2" };
    expect(await causeOf(fetchRequest(forged))).toMatchObject({ code: "wrong_secret" });
    for (const signature of ["v1,", "v1,!!!!", "v2,abcd", "garbage", "v1,AAAA v1,"]) {
      const headers = { ...headersOf(), "webhook-signature": signature };
      expect(await causeOf(fetchRequest(headers))).toMatchObject({ code: "wrong_secret" });
    }
  });

  it("a secret that is none", async () => {
    for (const none of ["", "whsec_", "whsec_not base64", "us_live_key"]) {
      expect(await causeOf(fetchRequest(), { secret: none })).toMatchObject({ code: "invalid_secret" });
    }
    const unset = { secret: undefined as unknown as string };
    expect(await causeOf(fetchRequest(), unset)).toMatchObject({ code: "invalid_secret" });
    expect(await causeOf(fetchRequest(), { secret: [] })).toMatchObject({ code: "invalid_secret" });
  });

  it("the clock, and in which direction", async () => {
    const old = new Date(Date.now() - 301_000);
    expect(await causeOf(fetchRequest(headersOf([secret], old)))).toMatchObject({
      code: "too_old",
      message: expect.stringMatching(/30[1-9] s ago/),
    });
    const early = new Date(Date.now() + 302_000);
    expect(await causeOf(fetchRequest(headersOf([secret], early)))).toMatchObject({ code: "too_new" });
    const options = { secret, toleranceSeconds: 400 };
    await expect(verifyWebhook(fetchRequest(headersOf([secret], old)), options)).resolves.toBeDefined();
  });

  it("headers that are missing", async () => {
    const { "webhook-signature": _, ...headers } = headersOf();
    expect(await causeOf(fetchRequest(headers))).toMatchObject({
      code: "missing_headers",
      message: expect.stringContaining("webhook-signature"),
    });
    const odd = { ...headersOf(), "webhook-timestamp": "yesterday" };
    expect(await causeOf(fetchRequest(odd))).toMatchObject({ code: "missing_headers" });
  });

  it("a body that is no JSON", async () => {
    const text = "hello";
    const request = fetchRequest(headersOf([secret], new Date(), text), text);
    expect(await causeOf(request)).toMatchObject({ code: "not_an_event" });
  });
});
