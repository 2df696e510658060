import type { AppDependencies } from "../app-dependencies.ts";
import type { Route } from "../http/define-route.ts";
import type { SignInDesk } from "../session/sign-in-desk.ts";
import { agentRoutes } from "./agent-routes.ts";
import { alertRoutes } from "./alert-routes.ts";
import { auditRoutes } from "./audit-routes.ts";
import { callRoutes } from "./call-routes.ts";
import { chargeRoutes } from "./charge-routes.ts";
import { creatorRoutes } from "./creator-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { jobStoryRoutes } from "./job-story-routes.ts";
import { jobTokenRoutes } from "./job-token-routes.ts";
import { keyRoutes } from "./key-routes.ts";
import { knowledgeRoutes } from "./knowledge-routes.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { modelRoutes } from "./model-routes.ts";
import { moneyRoutes } from "./money-routes.ts";
import { openApiRoutes } from "./openapi-routes.ts";
import { overviewRoutes } from "./overview-routes.ts";
import { planRoutes } from "./plan-routes.ts";
import { priceRoutes } from "./price-routes.ts";
import { problemRoutes } from "./problem-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { spendingRoutes } from "./spending-routes.ts";
import { webhookRoutes } from "./webhook-routes.ts";

/** All declared routes; those that are asked for most are found first. */
export function allRoutes(dependencies: AppDependencies, desk: SignInDesk): Route[] {
  const { database, redis, dispatcher, registry, jobs, jobTokens, sessions, stopping, logger } = dependencies;
  const routes = [
    ...jobRoutes(jobs, dependencies.jobControl, stopping),
    ...eventRoutes(dependencies.jobEvents),
    ...jobTokenRoutes(jobs, jobTokens),
    ...healthRoutes(database, redis, stopping, dependencies.parent),
    ...metricsRoutes(dependencies.metrics, dependencies.metricsToken),
    ...creatorRoutes(database, dispatcher, registry),
    ...knowledgeRoutes(database, redis, dispatcher),
    ...moneyRoutes(database),
    ...alertRoutes(database),
    ...planRoutes(database),
    ...spendingRoutes(database),
    ...callRoutes(database),
    ...chargeRoutes(database, stopping, logger),
    ...priceRoutes(database, registry),
    ...modelRoutes(database, registry),
    ...webhookRoutes(database, dependencies.secrets),
    ...keyRoutes(dependencies),
    ...auditRoutes(database),
    ...sessionRoutes(sessions, desk),
    ...jobStoryRoutes(database, jobs),
    ...problemRoutes(),
    ...agentRoutes(),
    ...overviewRoutes(database, dispatcher, dependencies),
  ];
  return [...routes, ...openApiRoutes(routes)];
}
