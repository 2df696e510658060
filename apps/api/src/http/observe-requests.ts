import type { ApiTelemetry } from "@understudy/telemetry";
import type { Request, RequestHandler, Response } from "express";

/** What machines ask for every few seconds. */
const probes = new Set(["/healthz", "/readyz", "/metrics"]);

/** Counts each request by its route, and traces it where tracing is on; first, so that nothing is missed. */
export function observeRequests(telemetry: Pick<ApiTelemetry, "request">): RequestHandler {
  return (request, response, next) => {
    const { method, headers } = request;
    const { traceparent } = headers;
    const observed = telemetry.request({
      method,
      isTraced: !probes.has(request.path),
      traceparent: typeof traceparent === "string" ? traceparent : undefined,
    });
    response.locals.traceparent = observed.traceparent;
    response.once("close", () =>
      observed.end(routeOf(request), statusOf(response), response.locals.requestId),
    );
    next();
  };
}

/** W3C trace context that a job of this request carries along; undefined where it is not traced. */
export function traceparentOf(response: Response): string | undefined {
  return response.locals.traceparent;
}

/** The pattern that the request's path fits, never the path. */
function routeOf({ baseUrl, route }: Request): string | undefined {
  return route ? `${baseUrl}${route.path}` : undefined;
}

/** 499 where the client left before there was an answer. */
function statusOf(response: Response): number {
  return response.headersSent ? response.statusCode : 499;
}
