import { randomUUID } from "node:crypto";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { AppDependencies } from "./app-dependencies.ts";
import { bullBoard } from "./bull-board/bull-board.ts";
import { requireSession, signIn } from "./bull-board/sign-in.ts";
import { docsPages } from "./docs/docs-pages.ts";
import { authenticate, keyCheck } from "./http/authenticate.ts";
import { mountRoutes } from "./http/mount-routes.ts";
import { observeRequests } from "./http/observe-requests.ts";
import { notFound, problemResponses } from "./http/problem-responses.ts";
import { allRoutes } from "./routes/all-routes.ts";

const bullBoardPath = "/admin/queues";

/** The whole HTTP surface, in the order in which a request meets it. */
export function createApp(dependencies: AppDependencies): Express {
  const { adminKey, dispatcher, charges, logger } = dependencies;
  const isAdminKey = keyCheck(adminKey);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(observeRequests(dependencies.telemetry));
  app.use(requestId);
  const checkKey = authenticate(isAdminKey);
  mountRoutes(app, allRoutes(dependencies), checkKey);
  // Who has no key learns of no route.
  app.use("/api/ai", checkKey);

  app.use("/docs", docsPages());
  app.use("/admin", pageHeaders);
  app.use(signIn(adminKey, isAdminKey));
  app.use(
    bullBoardPath,
    requireSession,
    bullBoard(dispatcher, charges, dependencies.webhooks, bullBoardPath, dependencies.bullBoardWrite),
  );

  app.use(notFound);
  app.use(problemResponses(logger));
  return app;
}

/** An id for each request, in its answer and in our logs: the client's own where it is a sane one. */
const requestId: RequestHandler = (request, response, next) => {
  const given = request.get("x-request-id");
  response.locals.requestId = given && /^[\w.:-]{1,128}$/.test(given) ? given : `req_${randomUUID()}`;
  response.set("x-request-id", String(response.locals.requestId));
  response.set("x-content-type-options", "nosniff");
  response.set("cache-control", "no-store");
  next();
};

/** Pages of our own origin alone. Bull Board asks the web for a font, goes without, and needs inline styles. */
const pageHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
});
