import { afterEach, expect } from "@jest/globals";
import type { WebhookDelivery, WebhookEndpoint, WebhookEndpointSecret } from "@understudy/contracts";
import { stack } from "./fault-run.ts";
import { startReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

const receivers: WebhookReceiver[] = [];

afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
});

export const jobEvents = ["job.completed", "job.failed", "job.blocked", "job.cancelled"];

/** A receiver that is registered as an endpoint. */
export type RegisteredReceiver = WebhookReceiver & { id: string };

/** @param more fields of the endpoint */
export async function register(
  events: readonly string[] = jobEvents,
  more: object = {},
): Promise<RegisteredReceiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  const response = await stack.request("POST", "/api/ai/webhooks", { url: receiver.url, events, ...more });
  expect(response.status).toBe(201);
  const { id, secret } = (await response.json()) as WebhookEndpointSecret;
  receiver.secret = secret;
  return Object.assign(receiver, { id });
}

export async function endpointOf({ id }: RegisteredReceiver): Promise<WebhookEndpoint> {
  return (await stack.request("GET", `/api/ai/webhooks/${id}`)).json() as Promise<WebhookEndpoint>;
}

export async function deliveriesOf({ id }: RegisteredReceiver): Promise<WebhookDelivery[]> {
  const page = await stack.request("GET", `/api/ai/webhooks/${id}/deliveries`);
  return ((await page.json()) as { items: WebhookDelivery[] }).items;
}
