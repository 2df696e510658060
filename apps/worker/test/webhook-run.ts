import { afterEach, expect } from "@jest/globals";
import type { WebhookDelivery, WebhookEndpoint, WebhookEndpointSecret } from "@understudy/contracts";
import { stack } from "./fault-run.ts";
import { type Received, startReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

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

/** From now on it answers two in five tries with a fault or not at all; which, is the same in each run. */
export function failAtRandom(receiver: WebhookReceiver): void {
  let turn = 0;
  receiver.answer = (request, response) => {
    turn = (turn * 1_103_515_245 + 12_345) % 2_147_483_648;
    // The lowest bits repeat soon.
    const percent = Math.floor((turn / 2_147_483_648) * 100);
    if (percent < 35) response.writeHead(500).end("not now");
    else if (percent < 40) request.socket.destroy();
    else response.writeHead(200).end();
  };
}

/** The ids of events under which a receiver heard of each job. */
export function idsByJob(received: readonly Received[]): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { id, event } of received) {
    const jobId = (event.data as { id: string }).id;
    ids.set(jobId, (ids.get(jobId) ?? new Set()).add(id));
  }
  return ids;
}

export function expectEachByOneId(receiver: WebhookReceiver, jobIds: readonly string[]): void {
  expect(receiver.faults).toEqual([]);
  const ids = idsByJob(receiver.received);
  expect([...ids.keys()].sort()).toEqual([...jobIds].sort());
  expect([...ids.values()].filter((own) => own.size !== 1)).toEqual([]);
}
