import type { Scope } from "@understudy/contracts";
import type { IRouter, RequestHandler, Response } from "express";
import { type Caller, nobody } from "./caller.ts";
import { type Reply, type Route, sent } from "./define-route.ts";
import { parseBody, parseParameters, parseQuery } from "./parse.ts";
import { ProblemError } from "./problem-error.ts";
import { readJson } from "./read-json.ts";

/** In bytes. */
const bodyMaxDefault = 1024 * 1024;

/**
 * Mounts routes as they are declared. What a request meets, in this order: the check of its key (`authenticate`, which
 * notes the caller), the check of its scope, its body, the parsing of path, query and body, the handler. All that
 * does not depend on the request is made here, once.
 */
export function mountRoutes(router: IRouter, routes: readonly Route[], authenticate: RequestHandler): void {
  for (const route of routes) {
    const { method, path, scope, body, bodyMax = bodyMaxDefault } = route;
    router[method](
      path.replaceAll(/\{(\w+)\}/g, ":$1"),
      ...(scope === "public" ? [] : [authenticate, requireScope(scope)]),
      ...(body ? [readJson(bodyMax)] : []),
      answer(route),
    );
  }
}

/** Whose request it is. */
function callerOf(response: Response): Caller {
  return response.locals.caller ?? nobody;
}

function requireScope(scope: Scope): RequestHandler {
  return (_request, response, next) => {
    if (callerOf(response).scopes.has(scope)) return next();
    throw new ProblemError(403, "forbidden_scope", `The API key may not do this: it needs ${scope}.`, {
      members: { scope },
    });
  };
}

function answer(route: Route): RequestHandler {
  const { params, absent, query, body } = route;
  return async (request, response) => {
    const given = await route.handle({
      params: params ? parseParameters(params, request.params, absent) : {},
      query: query && parseQuery(query, request),
      body: body && parseBody(body, request),
      caller: callerOf(response),
      requestId: String(response.locals.requestId),
      reply,
      request,
      response,
    });
    if (given === sent) return;
    response.statusCode = given.status;
    if (given.headers) response.set(given.headers);
    if (given.body === undefined) response.end();
    else response.json(given.body);
  };
}

function reply(status: number, body?: unknown, headers?: Record<string, string>): Reply {
  return { status, body, ...(headers && { headers }) };
}
