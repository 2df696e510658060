import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import { isLoopback } from "@understudy/service";
import type { Express, Response as ExpressResponse } from "express";

/** What one connection may do, and how many there may be. */
export const connectionLimits = {
  /** For a request's headers, and for all of it: 8 MiB of a batch in 30 s are 2.2 Mbit/s. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Longer than load balancers keep idle connections (60 s), so that none sends into one that we just closed. */
  keepAliveTimeout: 65_000,
  /** For a connection on which nothing moves: longer than a wait for a job, and than streams are silent. */
  timeout: 90_000,
  /** How often those are looked for that are over their time. */
  connectionsCheckingInterval: 1_000,
};

/** Of one process, and of one address that is neither this machine's nor a proxy's: more are closed as they come. */
const connectionsMax = { all: 10_000, address: 1_000 };

/**
 * An HTTP server for an Express app. Express 5 gives each request and response the app's own prototype, and
 * changing a prototype costs V8 more than all the rest of a small request. Here they are born with it, so
 * that Express changes nothing.
 */
export function createExpressServer(app: Express, limits = connectionLimits): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  const { json } = app.response;
  Object.assign(Response.prototype, {
    json(this: ExpressResponse, body?: unknown) {
      const isUsual = this.req.method === "POST" && this.statusCode < 203 && !this.hasHeader("content-type");
      return isUsual ? endWithJson(this, body) : json.call(this, body);
    },
  });
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  const classes = { IncomingMessage: Request, ServerResponse: Response };
  const server = createServer({ ...classes, ...limits }, app as RequestListener);
  server.timeout = limits.timeout;
  server.maxConnections = connectionsMax.all;
  boundAddresses(server, app.get("trust proxy fn"));
  return server;
}

/** Keeps one address from taking all connections. @param isProxy whether many may come by that address */
function boundAddresses(server: Server, isProxy: (address: string, hop: number) => boolean): void {
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isLoopback(address) || isProxy(address, 0)) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > connectionsMax.address) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

/**
 * What Express' `json` does for an answer to a POST, which no cache may know: without reading and writing its own
 * headers again, it costs a third.
 */
function endWithJson(response: ExpressResponse, body: unknown): ExpressResponse {
  const text = JSON.stringify(body) ?? "";
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.setHeader("content-length", Buffer.byteLength(text));
  response.end(text);
  return response;
}
