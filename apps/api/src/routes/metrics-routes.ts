import { mayScrape, type ServiceMetrics, scrapeAdvice } from "@understudy/telemetry";
import { defineRoute, type Route, sent } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";

const example = `# HELP understudy_backlog_admissible_jobs Jobs that a worker could start now; what workers are scaled by.
# TYPE understudy_backlog_admissible_jobs gauge
understudy_backlog_admissible_jobs 0
`;

/** @param token asked for as a bearer token; undefined: metrics are for this machine alone */
export function metricsRoutes(metrics: ServiceMetrics, token: string | undefined): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/metrics",
      id: "readMetrics",
      tag: "Operations",
      scope: "public",
      summary: "Read metrics in Prometheus' text format",
      description:
        "Of this API, the sum of its processes, and of the whole platform. It wants `METRICS_TOKEN` as a bearer token; where that is not set, it answers this machine alone.",
      answers: {
        200: { description: "All metrics; docs/metrics.md tells of each.", text: { "text/plain": example } },
      },
      problems: { 401: ["unauthorized"] },
      async handle({ request, response }): Promise<typeof sent> {
        if (!mayScrape(request, token)) {
          throw new ProblemError(401, "unauthorized", scrapeAdvice, {
            headers: { "www-authenticate": "Bearer" },
          });
        }
        const { contentType, body } = await metrics.scrape();
        response.set("content-type", contentType).send(body);
        return sent;
      },
    }),
  ];
}
