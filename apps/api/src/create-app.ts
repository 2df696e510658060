import { randomUUID } from "node:crypto";
import type { Clock } from "@understudy/database";
import express, { type Express, type RequestHandler } from "express";
import type { AppDependencies } from "./app-dependencies.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { auditBoard } from "./bull-board/audit-board.ts";
import { bullBoard } from "./bull-board/bull-board.ts";
import { consolePages } from "./console/console-pages.ts";
import { docsPages } from "./docs/docs-pages.ts";
import { authenticate, preflight } from "./http/authenticate.ts";
import { hideOthers } from "./http/hide-others.ts";
import { mountRoutes } from "./http/mount-routes.ts";
import { observeRequests } from "./http/observe-requests.ts";
import { pageHeaders } from "./http/page-headers.ts";
import { notFound, problemResponses } from "./http/problem-responses.ts";
import { shedLoad } from "./http/shed-load.ts";
import { allRoutes } from "./routes/all-routes.ts";
import { ownPagesOnly } from "./session/own-pages.ts";
import { requireSession, signIn } from "./session/sign-in.ts";
import { SignInDesk } from "./session/sign-in-desk.ts";
import { SignInLimits } from "./session/sign-in-limits.ts";

const bullBoardPath = "/admin/queues";

/** The whole HTTP surface, in the order in which a request meets it. */
export function createApp(dependencies: AppDependencies): Express {
  const { database, dispatcher, charges, sessions, logger } = dependencies;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(observeRequests(dependencies.telemetry));
  app.set("trust proxy", dependencies.trustProxy);
  app.use(firstHeaders(database.clock));
  app.use(shedLoad());
  const audit = new AuditLog(database, logger);
  const desk = new SignInDesk({ ...dependencies, limits: new SignInLimits(dependencies.redis), audit });
  const checks = { authenticate: authenticate(dependencies), hideOthers: hideOthers(database), audit };
  app.options(["/api/ai/jobs/:id", "/api/ai/jobs/:id/events"], preflight);
  mountRoutes(app, allRoutes(dependencies, desk), checks);
  // Who has no key learns of no route.
  app.use("/api/ai", checks.authenticate);

  app.use("/docs", docsPages());
  app.use("/admin", pageHeaders);
  app.use(signIn(sessions, desk));
  app.use(
    bullBoardPath,
    requireSession(sessions),
    auditBoard(audit),
    ownPagesOnly({ isSignIn: false }),
    bullBoard(dispatcher, charges, bullBoardPath, dependencies.bullBoardWrite),
  );

  app.use(consolePages());
  app.use(notFound);
  app.use(problemResponses(logger, dependencies.refusals));
  return app;
}

/** Who came over TLS once does so for a year (RFC 6797); other hosts of the domain are not ours to speak for. */
const strictTransport = "max-age=31536000";

/**
 * An id for each request, in its answer and in our logs: the client's own where it is a sane one. And the
 * time of its answer, by the clock of all times in it.
 */
const firstHeaders =
  (clock: Clock): RequestHandler =>
  (request, response, next) => {
    const given = request.get("x-request-id");
    response.locals.requestId = given && /^[\w.:-]{1,128}$/.test(given) ? given : `req_${randomUUID()}`;
    response.set("x-request-id", String(response.locals.requestId));
    response.set("date", clock.now().toUTCString());
    response.set("x-content-type-options", "nosniff");
    response.set("cache-control", "no-store");
    if (request.secure) response.set("strict-transport-security", strictTransport);
    next();
  };
