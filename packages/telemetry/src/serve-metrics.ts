import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ServerConnections } from "@understudy/service";
import type { Scraped } from "./metrics/service-metrics.ts";

/** How long a scrape under way may take when its process stops: longer than figures are waited for. */
const graceMs = 3_000;

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

interface Metrics {
  scrape(): Promise<Scraped>;
}

/** Where a process without HTTP of its own shows its metrics, and that it is alive. */
export interface MetricsServerSettings {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Asked for as a bearer token; unset: metrics are for this machine alone. */
  token: string | undefined;
}

/**
 * `GET /metrics` and `GET /healthz` on a port of its own. A slow or hostile scraper holds up nothing but itself.
 * @param isHealthy what `/healthz` says: 503 where it is not
 * @throws where it can't listen there
 */
export async function serveMetrics(
  metrics: Metrics,
  { host, port, token }: MetricsServerSettings,
  isHealthy: () => boolean | Promise<boolean> = () => true,
): Promise<MetricsServer> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8 * 1024 },
    (request, response) => void answer(metrics, token, isHealthy, request, response),
  );
  const connections = new ServerConnections(server);
  server.maxConnections = 100;
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () => connections.close(graceMs),
  };
}

async function answer(
  metrics: Metrics,
  token: string | undefined,
  isHealthy: () => boolean | Promise<boolean>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split("?", 1)[0];
  if (request.method !== "GET" && request.method !== "HEAD")
    return end(response, 405, "Only GET is answered.\n");
  if (path === "/healthz") {
    return (await isHealthy())
      ? end(response, 200, '{"status":"ok"}\n', "application/json")
      : end(response, 503, '{"status":"unavailable"}\n', "application/json");
  }
  if (path !== "/metrics") return end(response, 404, "There are /metrics and /healthz.\n");
  if (!mayScrape(request, token)) {
    response.setHeader("www-authenticate", "Bearer");
    return end(response, 401, `${scrapeAdvice}\n`);
  }
  try {
    const { contentType, body } = await metrics.scrape();
    end(response, 200, body, contentType);
  } catch {
    end(response, 500, "The metrics could not be collected.\n");
  }
}

/** Why a scrape sees nothing. */
export const scrapeAdvice =
  "Send METRICS_TOKEN as a bearer token; where it is not set, metrics are for this machine alone.";

/** As the kernel writes them. */
const loopback = /^(?:::1|(?:::ffff:)?127\.[\d.]+)$/;

function end(response: ServerResponse, status: number, body: string, contentType = "text/plain"): void {
  response.writeHead(status, { "content-type": contentType }).end(body);
}

/** Whether a scrape may see metrics: with the token; where there is none, from this machine, and by no proxy on it. */
export function mayScrape({ headers, socket }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) {
    const isForwarded =
      "x-forwarded-for" in headers || "forwarded" in headers || "x-forwarded-host" in headers;
    return !isForwarded && loopback.test(String(socket.remoteAddress));
  }
  const [given, wanted] = [Buffer.from(headers.authorization ?? ""), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
