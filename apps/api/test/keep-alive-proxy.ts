import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** How often each API is asked whether it is ready. */
const lookMs = 100;

export interface KeepAliveProxy {
  port: number;
  /** What went wrong between it and an API: nothing of it may. */
  faults: string[];
  /** How often an API did not take a connection, so that the next one was asked. */
  refused(): number;
  isReady(port: number): boolean;
  close(): Promise<void>;
}

/**
 * A balancer before APIs: it takes turns among those whose /readyz is good, over connections that it keeps,
 * and asks another only where one takes no connection. What was sent once is never sent again.
 */
export async function startKeepAliveProxy(ports: readonly number[]): Promise<KeepAliveProxy> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<number>();
  const faults: string[] = [];
  let turn = 0;
  let refused = 0;
  let isClosing = false;

  const looking = ports.map(async (port) => {
    while (!isClosing) {
      const answer = await ask(port, { url: "/readyz", agent: false }).catch(() => undefined);
      answer?.resume();
      if (answer?.statusCode === 200) ready.add(port);
      else ready.delete(port);
      await sleep(lookMs);
    }
  });

  async function pass(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = asked;
    const body = await buffer(asked);
    const order = [...ready].sort();
    turn++;
    for (let tried = 0; tried < order.length; tried++) {
      const port = order[(turn + tried) % order.length] as number;
      try {
        const answer = await ask(port, { method, url, headers, body, agent });
        const { connection: _, "keep-alive": __, "transfer-encoding": ___, ...kept } = answer.headers;
        response.writeHead(answer.statusCode ?? 0, kept);
        answer.on("error", (error) => {
          faults.push(`${method} ${url}, within the answer: ${error.message}`);
          response.destroy();
        });
        answer.pipe(response);
        return;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== "ECONNREFUSED") {
          faults.push(`${method} ${url}: ${message}`);
          break;
        }
        refused++;
      }
    }
    if (order.length === 0) faults.push(`${method} ${url}: no API is ready`);
    response.writeHead(502).end();
  }

  const server = createServer((asked, response) => void pass(asked, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    faults,
    refused: () => refused,
    isReady: (port) => ready.has(port),
    async close() {
      isClosing = true;
      await Promise.all(looking);
      agent.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Asked {
  method?: string;
  url: string;
  headers?: IncomingMessage["headers"];
  body?: Uint8Array | string;
  agent: Agent | false;
}

/** One request, never repeated. @throws as the connection does */
export async function ask(
  port: number,
  { method = "GET", url, headers = {}, body, agent }: Asked,
): Promise<IncomingMessage> {
  const sent = request({ host: "127.0.0.1", port, method, path: url, headers, agent });
  sent.end(body);
  const [answer] = await once(sent, "response");
  return answer as IncomingMessage;
}
