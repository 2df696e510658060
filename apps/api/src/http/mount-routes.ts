import type { Scope } from "@understudy/contracts";
import type { IRouter, RequestHandler } from "express";
import type { AuditLog } from "../audit/audit-log.ts";
import { callerOf } from "./caller.ts";
import { checkScope } from "./check-scope.ts";
import { type Reply, type Route, sent } from "./define-route.ts";
import { parseBody, parseParameters, parseQuery } from "./parse.ts";
import { BodiesUnderWay, readJson } from "./read-json.ts";

/** In bytes. */
const bodyMaxDefault = 1024 * 1024;

/**
 * Mounts routes as they are declared. What a request meets, in this order: the check of its key (`authenticate`, which
 * notes the caller), the check of its scope, its body, the parsing of path, query and body, the handler. All that
 * does not depend on the request is made here, once.
 */
export function mountRoutes(router: IRouter, routes: readonly Route[], checks: RouteChecks): void {
  const { authenticate, hideOthers, audit } = checks;
  const underWay = new BodiesUnderWay();
  for (const route of routes) {
    const { method, path, scope, orScope, body, bodyMax = bodyMaxDefault } = route;
    router[method](
      path.replaceAll(/\{(\w+)\}/g, ":$1"),
      ...(scope === "public" ? [] : [authenticate, requireScope(scope, orScope), ...hideOthers(route)]),
      ...(body ? [readJson(bodyMax, underWay)] : []),
      answer(route, scope !== "public" && isAudited(route) ? audit : undefined),
    );
  }
}

/** What stands before and around each route's handler. */
export interface RouteChecks {
  /** Notes whose request it is. @throws a 401 problem */
  authenticate: RequestHandler;
  /** Lets no key that is bound to creators through to others'. */
  hideOthers(route: Route): RequestHandler[];
  audit: AuditLog;
}

function requireScope(scope: Scope, orScope?: Scope): RequestHandler {
  return (_request, response, next) => {
    const caller = callerOf(response);
    if (!orScope || !caller.scopes.has(orScope)) checkScope(caller, scope);
    next();
  };
}

function isAudited({ method, unaudited }: Route): boolean {
  return method !== "get" && !unaudited;
}

/** Lists, in which each bucket has a line of its own. */
const listHeaders = new Set(["ratelimit", "ratelimit-policy"]);

/** @param audit none for what changes nothing */
function answer(route: Route, audit: AuditLog | undefined): RequestHandler {
  const { params, absent, query, body, entries } = route;
  return async (request, response) => {
    const context = {
      params: params ? parseParameters(params, request.params, absent) : {},
      query: query && parseQuery(query, request),
      body: body && parseBody(body, request, entries),
      caller: callerOf(response),
      requestId: String(response.locals.requestId),
      reply,
      request,
      response,
    };
    const given = await (audit ? audit.around(route, context) : route.handle(context));
    if (given === sent) return;
    response.statusCode = given.status;
    for (const name in given.headers) {
      const value = String(given.headers[name]);
      if (listHeaders.has(name)) response.appendHeader(name, value);
      else response.set(name, value);
    }
    if (given.body === undefined) response.end();
    else response.json(given.body);
  };
}

function reply(status: number, body?: unknown, headers?: Record<string, string>): Reply {
  return { status, body, ...(headers && { headers }) };
}
