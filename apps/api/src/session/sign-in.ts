import { type RequestHandler, Router, urlencoded } from "express";
import { z } from "zod";
import type { AuditLog } from "../audit/audit-log.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { Sessions } from "./sessions.ts";
import { signInPage } from "./sign-in-page.ts";

const credentials = z.object({ key: z.string().max(500), next: z.string().max(500).optional() });

/** The sign-in for people without the console: pages that need no script. */
export function signIn(sessions: Sessions, audit: AuditLog): Router {
  const router = Router();

  router.get("/admin/sign-in", (request, response) => {
    response.type("html").send(signInPage(localPath(request.query.next), false));
  });

  router.post("/admin/sign-in", urlencoded({ extended: false, limit: "4kb" }), async (request, response) => {
    const form = credentials.safeParse(request.body);
    const next = localPath(form.data?.next);
    const person = form.data && (await sessions.personWith(form.data.key).catch(refused));
    if (!person) {
      response.status(401).type("html").send(signInPage(next, true));
      return;
    }
    const requestId = String(response.locals.requestId);
    const action = { caller: person, operation: "signIn", target: null, requestId, changes: {} };
    await audit.record(action, async () => {
      await sessions.begin(person, request, response);
      return { status: 303 };
    });
    response.redirect(303, next);
  });

  router.post("/admin/sign-out", (request, response) => {
    sessions.signOut(request, response);
    response.redirect(303, "/admin/sign-in");
  });

  return router;
}

/** Of a key that is not taken the page says so itself. */
function refused(error: unknown): undefined {
  if (error instanceof ProblemError && error.status === 401) return undefined;
  throw error;
}

/** Lets those through who have signed in: pages send others to the sign-in, programs get a 401. */
export function requireSession(sessions: Sessions): RequestHandler {
  return async (request, response, next) => {
    const person = await sessions.of(request);
    if (person) {
      response.locals.caller = person.caller;
      next();
    } else if (request.accepts(["json", "html"]) === "html") {
      response.redirect(303, `/admin/sign-in?next=${encodeURIComponent(request.originalUrl)}`);
    } else {
      throw new ProblemError(401, "unauthorized", "Sign in at /admin/sign-in.");
    }
  };
}

/** Only paths of our own under /admin: what comes in a query must not lead elsewhere. */
function localPath(path: unknown): string {
  return typeof path === "string" && /^\/admin\/[\w/?=&.%-]*$/.test(path) && !path.includes("..")
    ? path
    : "/admin/queues";
}
