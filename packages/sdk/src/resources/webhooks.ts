import type {
  NewWebhookEndpoint,
  ReplayAnswer,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointSecret,
  WebhookEndpointUpdate,
} from "../api/webhook.ts";
import { Pages } from "../http/pages.ts";
import type { Transport } from "../http/transport.ts";

/** Endpoints that hear of events, and what was delivered to them. */
export class Webhooks {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @returns the endpoint with its secret, which is shown this once: keep it, it verifies what comes */
  create(endpoint: NewWebhookEndpoint): Promise<WebhookEndpointSecret> {
    return this.#transport.json("POST", "/api/ai/webhooks", { body: endpoint });
  }

  get(id: string): Promise<WebhookEndpoint> {
    return this.#transport.json("GET", path(id));
  }

  /** The newest first. */
  list(query: { limit?: number | undefined } = {}): Pages<WebhookEndpoint> {
    return new Pages(this.#transport, "/api/ai/webhooks", query);
  }

  /** What is left out stays; `enabled: true` makes a disabled one hear again. */
  update(id: string, update: WebhookEndpointUpdate): Promise<WebhookEndpoint> {
    return this.#transport.json("PATCH", path(id), { body: update });
  }

  async delete(id: string): Promise<void> {
    await this.#transport.send("DELETE", path(id));
  }

  /** A new secret, shown this once; for a day both sign, so that receivers may follow at leisure. */
  rotateSecret(id: string): Promise<WebhookEndpointSecret> {
    return this.#transport.json("POST", `${path(id)}/rotate-secret`);
  }

  /** Sends a `webhook.test` event. */
  async test(id: string): Promise<void> {
    await this.#transport.send("POST", `${path(id)}/test`);
  }

  /** Every event sent to the endpoint with its tries, the newest first. */
  deliveries(
    id: string,
    query: { status?: WebhookDelivery["status"] | undefined; limit?: number | undefined } = {},
  ): Pages<WebhookDelivery> {
    return new Pages(this.#transport, `${path(id)}/deliveries`, query);
  }

  /** Sends one delivery again, under the same event id. */
  replayDelivery(deliveryId: string): Promise<ReplayAnswer> {
    const id = encodeURIComponent(deliveryId);
    return this.#transport.json("POST", `/api/ai/webhooks/deliveries/${id}/replay`);
  }

  /** Sends again what happened since. @param since ISO 8601 */
  replay(id: string, since: string): Promise<ReplayAnswer> {
    return this.#transport.json("POST", `${path(id)}/replay`, { query: { since } });
  }
}

function path(id: string): string {
  return `/api/ai/webhooks/${encodeURIComponent(id)}`;
}
