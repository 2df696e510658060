import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import type { Express } from "express";

/**
 * An HTTP server for an Express app. Express 5 gives each request and response the app's own prototype, and
 * changing a prototype costs V8 more than all the rest of a small request. Here they are born with it, so
 * that Express changes nothing.
 */
export function createExpressServer(app: Express): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return createServer({ IncomingMessage: Request, ServerResponse: Response }, app as RequestListener);
}
