import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { Database } from "@understudy/database";
import type { PriceBook } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import type { Logger, SecretBox } from "@understudy/service";
import type { Queue } from "bullmq";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { Redis } from "ioredis";
import { bullBoard } from "./bull-board/bull-board.ts";
import { requireSession, signIn } from "./bull-board/sign-in.ts";
import type { JobEventSources } from "./events/tell-job.ts";
import { authenticate, keyCheck } from "./http/authenticate.ts";
import { ProblemError } from "./http/problem-error.ts";
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
import { moneyRoutes } from "./routes/money-routes.ts";
import { planRoutes } from "./routes/plan-routes.ts";
import { priceRoutes } from "./routes/price-routes.ts";
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
  /** Aborts when the API stops: requests that wait for a job are answered with what there is. */
  stopping: AbortSignal;
  logger: Logger;
}

const bodyMax = "1mb";
/** A thousand jobs. */
const batchBodyMax = "8mb";
const bullBoardPath = "/admin/queues";

/** The whole HTTP surface, in the order in which a request meets it. */
export function createApp(dependencies: AppDependencies): Express {
  const { adminKey, database, redis, dispatcher, charges, prices, jobs, stopping, logger } = dependencies;
  const isAdminKey = keyCheck(adminKey);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(requestId);
  app.use(healthRoutes(database, redis));

  const api = express.Router();
  api.use(authenticate(isAdminKey));
  api.use(
    "/jobs/batch",
    express.json({ limit: batchBodyMax, type: "application/json", verify: refuseBadUtf8 }),
  );
  api.use(express.json({ limit: bodyMax, type: "application/json", verify: refuseBadUtf8 }));
  api.use(jobRoutes(jobs, stopping));
  api.use(eventRoutes(dependencies.jobEvents));
  api.use(creatorRoutes(database, dispatcher));
  api.use(knowledgeRoutes(database, redis, dispatcher));
  api.use(moneyRoutes(database));
  api.use(alertRoutes(database));
  api.use(planRoutes(database));
  api.use(callRoutes(database));
  api.use(chargeRoutes(database, stopping, logger));
  api.use(priceRoutes(database, prices));
  api.use(webhookRoutes(database, dependencies.secrets));
  app.use("/api/ai", api);

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

/** Node would read broken bytes as U+FFFD: what a fan wrote must not be changed in silence. */
function refuseBadUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw new ProblemError(400, "invalid_json", "The body is not JSON in UTF-8.");
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
