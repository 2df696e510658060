import type { Request, RequestHandler } from "express";
import { ProblemError } from "../http/problem-error.ts";
import { safeMethods } from "../http/safe-methods.ts";

/**
 * Refuses what another site's page would have a browser do here: browsers say where a request comes from, and no page can
 * change that.
 * @param isSignIn nobody has signed in yet: a program that is no browser, and so says nothing of it, may
 */
export function ownPagesOnly({ isSignIn }: { isSignIn: boolean }): RequestHandler {
  return (request, _response, next) => {
    if (!safeMethods.has(request.method) && !(isOwnPage(request) ?? isSignIn)) {
      throw new ProblemError(403, "foreign_page", "Only pages of Understudy itself may do this.");
    }
    next();
  };
}

/** Undefined where the request does not say. */
function isOwnPage(request: Request): boolean | undefined {
  const site = request.get("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = request.get("origin");
  if (origin === undefined) return undefined;
  return URL.canParse(origin) && new URL(origin).host === request.host;
}
