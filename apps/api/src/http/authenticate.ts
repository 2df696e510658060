import type { Request, RequestHandler, Response } from "express";
import { type Callers, challenge } from "../keys/callers.ts";
import type { KeyRate } from "../keys/key-rate.ts";
import { type JobTokens, jobTokenPrefix } from "../session/job-tokens.ts";
import { hasCsrfToken, type Sessions } from "../session/sessions.ts";
import { type Caller, type CallerBounds, noteCaller } from "./caller.ts";
import { ProblemError } from "./problem-error.ts";
import { type RateView, rateLimitHeaders, secondsToToken } from "./rate-limit-headers.ts";
import { safeMethods } from "./safe-methods.ts";

export interface Authentication {
  callers: Callers;
  sessions: Sessions;
  jobTokens: JobTokens;
  rate: KeyRate;
}

interface Identity {
  caller: Caller;
  /** Whose requests its own are counted with; none: it may ask as fast as it likes. */
  limitedAs?: Pick<CallerBounds, "name" | "kind">;
}

/** Where a job's token is good: the job and its events. */
const jobPath = /^\/api\/ai\/jobs\/(job_[0-9A-Za-z]+)(\/events)?$/;

/**
 * Lets requests through that show whose they are, notes the caller, and bounds how fast each may ask:
 * `Authorization: Bearer` with a key or with a job's token (also as `?token=`), or a person's session cookie.
 */
export function authenticate({ callers, sessions, jobTokens, rate }: Authentication): RequestHandler {
  async function identify(request: Request, text: string | undefined): Promise<Identity> {
    if (text === undefined) return { caller: await personOf(request) };
    if (text.startsWith(jobTokenPrefix)) return await tokenHolder(text, request);
    const caller = await callers.withKey(text);
    return caller.keyId === null || caller.scopes.has("admin")
      ? { caller }
      : { caller, limitedAs: { name: caller.keyId, kind: "key" } };
  }

  async function personOf(request: Request): Promise<Caller> {
    const person = await sessions.of(request);
    if (!person) {
      throw new ProblemError(401, "unauthorized", "Send your API key as `Authorization: Bearer us_…`.", {
        headers: challenge,
      });
    }
    if (!safeMethods.has(request.method) && !hasCsrfToken(request, person.session)) {
      throw new ProblemError(
        403,
        "csrf_token_invalid",
        "Send the session's csrfToken (`GET /api/ai/session`) as the header x-csrf-token.",
      );
    }
    return person.caller;
  }

  async function tokenHolder(token: string, request: Request): Promise<Identity> {
    const [, jobId] = jobPath.exec(request.path) ?? [];
    const holder = await jobTokens.read(token);
    if (!holder) {
      throw new ProblemError(401, "invalid_api_key", "The job's token is not known, or has expired.", {
        headers: challenge,
      });
    }
    if (holder.jobId !== jobId || !safeMethods.has(request.method)) {
      throw new ProblemError(
        403,
        "forbidden_scope",
        `The token may read ${holder.jobId} and its events alone.`,
        {
          members: { scope: "jobs:read" },
        },
      );
    }
    return { caller: holder.caller, limitedAs: { name: holder.jobId, kind: "jobToken" } };
  }

  function limit(caller: string, response: Response): void {
    const view = rate.take(caller);
    const headers = rateLimitHeaders("key", view);
    response.setHeader("ratelimit-policy", headers["ratelimit-policy"]);
    response.setHeader("ratelimit", headers.ratelimit);
    if (!view.isAllowed) throw tooFast(view);
  }

  function owe(caller: string, requests: number): void {
    const view = rate.owe(caller, requests);
    if (view) throw tooFast(view);
  }

  return async (request, response, next) => {
    const text = bearerOf(request);
    if (text?.startsWith(jobTokenPrefix) && jobPath.test(request.path)) allowBrowsers(response);
    const { caller, limitedAs } = await identify(request, text);
    if (limitedAs) limit(limitedAs.name, response);
    const bounds = limitedAs && {
      ...limitedAs,
      owe: (requests: number) => owe(limitedAs.name, requests),
    };
    noteCaller(response, caller, () => identify(request, text).then((again) => again.caller), bounds);
    next();
  };
}

function tooFast(view: RateView): ProblemError {
  const retryAfterSeconds = Math.max(1, secondsToToken(view));
  return new ProblemError(
    429,
    "rate_limited",
    `More than ${1000 / view.interval} requests a second, beside a burst of ${view.burst}: wait ${retryAfterSeconds} s.`,
    { retryable: true, headers: { "retry-after": String(retryAfterSeconds) } },
  );
}

/** EventSource can't send headers: what follows a job's events may carry its token in the query. */
function bearerOf(request: Request): string | undefined {
  const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (key !== undefined) return key;
  const { token } = request.query;
  return typeof token === "string" && token.startsWith(jobTokenPrefix) ? token : undefined;
}

/** Pages of any site may read an answer that was asked for with a job's token: who has it needs no cookie. */
export function allowBrowsers(response: Response): void {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader(
    "access-control-expose-headers",
    "ratelimit, ratelimit-policy, retry-after, x-request-id",
  );
}

/** Answers browsers that ask first whether they may send a job's token (CORS preflight). */
export const preflight: RequestHandler = (_request, response) => {
  allowBrowsers(response);
  response
    .status(204)
    .set({
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "authorization, last-event-id, x-request-id",
      "access-control-max-age": "7200",
    })
    .end();
};
