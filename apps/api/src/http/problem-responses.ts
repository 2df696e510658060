import { STATUS_CODES } from "node:http";
import type { Problem } from "@understudy/contracts";
import { isDatabaseAway, TooManyWaitError } from "@understudy/database";
import type { Logger } from "@understudy/service";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import type { Refusals } from "../audit/refusals.ts";
import { actorOf, callerOf } from "./caller.ts";
import { overloaded, ProblemError, unavailable } from "./problem-error.ts";

/** Answers every error as an RFC 9457 problem. What we did not foresee is logged, and says nothing outside. */
export function problemResponses(logger: Logger, refusals: Refusals): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { problem, headers } = presentProblem(error, String(response.locals.requestId));
    if (problem.status === 401 || problem.status === 403) {
      const keyId = error instanceof ProblemError ? error.options.keyId : undefined;
      refusals.note(keyId ?? actorOf(callerOf(response)), problem.code, problem.requestId);
    }
    // What is refused before its body has come is not waited for.
    if (!request.complete) response.set("connection", "close");
    if (problem.status >= 500 && problem.code !== "overloaded") {
      logger.error({ err: error, requestId: problem.requestId, route: routeOf(request) }, "request failed");
    }
    response.status(problem.status);
    if (headers) response.set(headers);
    response.type("application/problem+json").send(JSON.stringify(problem));
  };
}

/** The problem that tells of an error, and the headers beside it. What we did not foresee says nothing outside. */
export function presentProblem(
  error: unknown,
  requestId: string,
): { problem: Problem; headers?: Record<string, string> } {
  const fault = toProblemError(error);
  const { errors, members, headers, retryable = false } = fault.options;
  const problem: Problem = {
    type: `/problems/${fault.code}`,
    title: STATUS_CODES[fault.status] ?? "Error",
    status: fault.status,
    detail: fault.message,
    code: fault.code,
    requestId,
    retryable,
    ...(errors && { errors }),
    ...members,
  };
  return { problem, ...(headers && { headers }) };
}

/** For what no route took. */
export const notFound: RequestHandler = (request) => {
  throw new ProblemError(404, "not_found", `There is no ${request.method} ${request.path}.`);
};

function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof TooManyWaitError) return overloaded();
  if (isDatabaseAway(error))
    return unavailable(
      "The database is away. What you sent may have been accepted: repeat it with the same Idempotency-Key, or look before you repeat it.",
    );
  // body-parser's and the router's own errors carry a type or a status.
  const { type, status } = (error ?? {}) as { type?: string; status?: number };
  switch (type) {
    case "entity.too.large":
      return new ProblemError(
        413,
        "body_too_large",
        "The body is larger than this takes: 1 MiB, or 8 MiB for a batch.",
      );
    case "entity.parse.failed":
    case "charset.unsupported":
    case "encoding.unsupported":
    case "request.aborted":
    case "request.size.invalid":
      return new ProblemError(400, "invalid_json", "The body is not a JSON object in UTF-8.");
    default:
  }
  if (error instanceof URIError || status === 400) {
    return new ProblemError(400, "invalid_request", "The request's path can't be read.");
  }
  return new ProblemError(
    500,
    "internal_error",
    "Something went wrong here. The request id finds it in our logs.",
    {
      retryable: true,
    },
  );
}

/** The route's pattern, without ids; the path may hold anything. */
function routeOf(request: Request): string {
  return `${request.method} ${request.baseUrl}${request.route?.path ?? ""}`;
}
