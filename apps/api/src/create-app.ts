import { randomUUID } from "node:crypto";
import type { Database } from "@understudy/database";
import type { PriceBook } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import type { Logger, SecretBox } from "@understudy/service";
import type { ApiTelemetry, ServiceMetrics } from "@understudy/telemetry";
import type { Queue } from "bullmq";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { Redis } from "ioredis";
import { bullBoard } from "./bull-board/bull-board.ts";
import { requireSession, signIn } from "./bull-board/sign-in.ts";
import type { JobEventSources } from "./events/tell-job.ts";
import { authenticate, keyCheck } from "./http/authenticate.ts";
import type { Route } from "./http/define-route.ts";
import { mountRoutes } from "./http/mount-routes.ts";
import { observeRequests } from "./http/observe-requests.ts";
import { notFound, problemResponses } from "./http/problem-responses.ts";
import type { Jobs } from "./jobs.ts";
import { alertRoutes } from "./routes/alert-routes.ts";
import { callRoutes } from "./routes/call-routes.ts";
import { chargeRoutes } from "./routes/charge-routes.ts";
import { creatorRoutes } from "./routes/creator-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { jobRoutes } from "./routes/job-routes.ts";
import { knowledgeRoutes } from "./routes/knowledge-routes.ts";
import { metricsRoutes } from "./routes/metrics-routes.ts";
import { moneyRoutes } from "./routes/money-routes.ts";
import { planRoutes } from "./routes/plan-routes.ts";
import { priceRoutes } from "./routes/price-routes.ts";
import { spendingRoutes } from "./routes/spending-routes.ts";
import { webhookRoutes } from "./routes/webhook-routes.ts";

export interface AppDependencies {
  adminKey: string;
  bullBoardWrite: boolean;
  database: Database;
  redis: Redis;
  dispatcher: Dispatcher;
  /** The queue of the ticks that close months. */
  charges: Queue;
  /** The queue of webhooks' tries. */
  webhooks: Queue;
  /** Encrypts the secrets of endpoints. */
  secrets: SecretBox;
  prices: PriceBook;
  jobs: Jobs;
  jobEvents: JobEventSources;
  metrics: ServiceMetrics;
  /** Who asks for metrics must know it, where it is set. */
  metricsToken: string | undefined;
  telemetry: ApiTelemetry;
  /** Aborts when the API stops: requests that wait for a job are answered with what there is. */
  stopping: AbortSignal;
  logger: Logger;
}

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
  mountRoutes(app, routesOf(dependencies), checkKey);
  // Who has no key learns of no route.
  app.use("/api/ai", checkKey);

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

/** All declared routes; those that are asked for most are found first. */
function routesOf(dependencies: AppDependencies): Route[] {
  const { database, redis, dispatcher, prices, jobs, stopping, logger } = dependencies;
  return [
    ...jobRoutes(jobs, stopping),
    ...eventRoutes(dependencies.jobEvents),
    ...healthRoutes(database, redis),
    ...metricsRoutes(dependencies.metrics, dependencies.metricsToken),
    ...creatorRoutes(database, dispatcher),
    ...knowledgeRoutes(database, redis, dispatcher),
    ...moneyRoutes(database),
    ...alertRoutes(database),
    ...planRoutes(database),
    ...spendingRoutes(database),
    ...callRoutes(database),
    ...chargeRoutes(database, stopping, logger),
    ...priceRoutes(database, prices),
    ...webhookRoutes(database, dependencies.secrets),
  ];
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
