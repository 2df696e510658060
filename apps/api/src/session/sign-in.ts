import { type RequestHandler, Router, urlencoded } from "express";
import { z } from "zod";
import { noteCaller } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import { ownPagesOnly } from "./own-pages.ts";
import type { Sessions } from "./sessions.ts";
import type { SignInDesk } from "./sign-in-desk.ts";
import { signInPage } from "./sign-in-page.ts";

const credentials = z.object({ key: z.string().max(500), next: z.string().max(500).optional() });

/** The sign-in for people without the console: pages that need no script. */
export function signIn(sessions: Sessions, desk: SignInDesk): Router {
  const router = Router();

  router.get("/admin/sign-in", (request, response) => {
    response.type("html").send(signInPage(localPath(request.query.next)));
  });

  const form = urlencoded({ extended: false, limit: "4kb" });
  router.post("/admin/sign-in", ownPagesOnly({ isSignIn: true }), form, async (request, response) => {
    const { key = "", next } = credentials.safeParse(request.body).data ?? {};
    const path = localPath(next);
    try {
      await desk.signIn(key, request, response);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      if (error.options.headers) response.set(error.options.headers);
      response
        .status(error.status === 429 ? 429 : 401)
        .type("html")
        .send(signInPage(path, error.status === 429 ? error.message : "That is not the admin key."));
      return;
    }
    response.redirect(303, path);
  });

  router.post("/admin/sign-out", ownPagesOnly({ isSignIn: false }), async (request, response) => {
    await sessions.signOut(request, response);
    response.redirect(303, "/admin/sign-in");
  });

  return router;
}

/** Lets those through who have signed in: pages send others to the sign-in, programs get a 401. */
export function requireSession(sessions: Sessions): RequestHandler {
  return async (request, response, next) => {
    const person = await sessions.of(request);
    if (person) {
      noteCaller(response, person.caller, async () => person.caller);
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
