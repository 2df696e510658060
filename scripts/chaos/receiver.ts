import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyWebhook } from "@understudy/sdk";

/** One event as it was really told. */
export interface ToldEvent {
  webhookId: string;
  jobId: string;
  type: string;
  /** When it came, in ms since 1970. */
  at: number;
}

/** An app that hears of jobs' ends, and checks what it hears as our SDK tells apps to: signature, and age. */
export interface Receiver {
  url: string;
  events: ToldEvent[];
  /** What did not verify, one sentence each. */
  faults: string[];
  /** As the API gave it. */
  secret: string;
  close(): Promise<void>;
}

/** @param refusesEach 4: each fourth request is answered with 503; none unless given */
export async function startReceiver(refusesEach = Number.POSITIVE_INFINITY): Promise<Receiver> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const isRefused = requests % refusesEach === 0;
    void take(request, isRefused).then((status) => response.writeHead(status).end());
  });

  async function take(request: IncomingMessage, isRefused: boolean): Promise<number> {
    const body = await readBody(request);
    if (body === undefined) return 400;
    if (isRefused) return 503;
    const headers = request.headers as Record<string, string>;
    try {
      const event = await verifyWebhook({ headers, body }, { secret: receiver.secret });
      const { id = "" } = event.data as { id?: string };
      receiver.events.push({ webhookId: event.id, jobId: id, type: event.type, at: Date.now() });
      return 204;
    } catch (error) {
      receiver.faults.push(`D: the webhook ${headers["webhook-id"]} does not verify: ${error}`);
      return 400;
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    events: [],
    faults: [],
    secret: "",
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

/** Undefined where its sender has gone before it was whole. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString();
}
