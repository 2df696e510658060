import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebhookEvent, webhookEvent } from "@understudy/contracts";
import { Webhook } from "standardwebhooks";

/** One request that an app has taken, after the library of Standard Webhooks has verified it. */
export interface Received {
  id: string;
  path: string;
  event: WebhookEvent;
  /** How many signatures it bore. */
  signatures: number;
}

/** An app that hears of events. */
export interface WebhookReceiver {
  url: string;
  received: Received[];
  /** Requests, refused ones too. */
  requests: number;
  /** What did not verify, or is not an event of ours. */
  faults: string[];
  /** As the API gave it; without it nothing is verified. */
  secret: string | undefined;
  /** Answers each request; 204 unless set. What it answers with 2xx has been received. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const server = createServer((request, response) => {
    receiver.requests++;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.on("finish", () => {
        if (response.statusCode < 300) take(request, Buffer.concat(chunks).toString());
      });
      receiver.answer(request, response);
    });
  });

  function take(request: IncomingMessage, body: string): void {
    if (receiver.secret === undefined) return;
    try {
      const headers = request.headers as Record<string, string>;
      const verified = new Webhook(receiver.secret).verify(body, headers);
      receiver.received.push({
        id: headers["webhook-id"] ?? "",
        path: request.url ?? "",
        event: webhookEvent.parse(verified),
        signatures: headers["webhook-signature"]?.split(" ").length ?? 0,
      });
    } catch (error) {
      receiver.faults.push(String(error));
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received: [],
    requests: 0,
    faults: [],
    secret: undefined,
    answer: (_request, response) => response.writeHead(204).end(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}
