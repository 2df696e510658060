import { createHmac } from "node:crypto";
import cookieSession from "cookie-session";
import { type RequestHandler, Router, urlencoded } from "express";
import { z } from "zod";
import { ProblemError } from "../http/problem-error.ts";
import { signInPage } from "./sign-in-page.ts";

const sessionHours = 12;

const credentials = z.object({ key: z.string().max(500), next: z.string().max(500).optional() });

/**
 * Signs a person in with the admin key, once, and keeps that in a signed `SameSite=Strict` cookie. Its
 * secret comes from the admin key: a new key ends all sessions.
 */
export function signIn(adminKey: string, isAdminKey: (key: string) => boolean): Router {
  const router = Router();
  const secret = createHmac("sha256", adminKey).update("understudy session cookie").digest("base64url");
  router.use(
    cookieSession({
      name: "understudy_session",
      keys: [secret],
      maxAge: sessionHours * 3_600_000,
      sameSite: "strict",
      httpOnly: true,
      path: "/",
    }),
  );

  router.get("/admin/sign-in", (request, response) => {
    response.type("html").send(signInPage(localPath(request.query.next), false));
  });

  router.post("/admin/sign-in", urlencoded({ extended: false, limit: "4kb" }), (request, response) => {
    const form = credentials.safeParse(request.body);
    if (!form.success || !isAdminKey(form.data.key)) {
      response
        .status(401)
        .type("html")
        .send(signInPage(localPath(form.data?.next), true));
      return;
    }
    request.session = { signedInAt: new Date().toISOString() };
    response.redirect(303, localPath(form.data.next));
  });

  router.post("/admin/sign-out", (request, response) => {
    request.session = null;
    response.redirect(303, "/admin/sign-in");
  });

  return router;
}

/** Lets those through who have signed in: pages send others to the sign-in, programs get a 401. */
export const requireSession: RequestHandler = (request, response, next) => {
  if (request.session?.signedInAt) {
    next();
  } else if (request.accepts(["json", "html"]) === "html") {
    response.redirect(303, `/admin/sign-in?next=${encodeURIComponent(request.originalUrl)}`);
  } else {
    throw new ProblemError(401, "unauthorized", "Sign in at /admin/sign-in.");
  }
};

/** Only paths of our own under /admin: what comes in a query must not lead elsewhere. */
function localPath(path: unknown): string {
  return typeof path === "string" && /^\/admin\/[\w/?=&.%-]*$/.test(path) && !path.includes("..")
    ? path
    : "/admin/queues";
}
