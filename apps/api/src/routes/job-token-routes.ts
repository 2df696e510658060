import { jobId, jobToken, jobTokenRequest } from "@understudy/contracts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { type Jobs, noSuchJob } from "../jobs.ts";
import type { JobTokens } from "../session/job-tokens.ts";

/** Tokens that browsers may hold. */
export function jobTokenRoutes(jobs: Pick<Jobs, "find">, tokens: JobTokens): Route[] {
  const create = defineRoute({
    method: "post",
    path: "/api/ai/jobs/{id}/token",
    id: "createJobToken",
    tag: "Jobs",
    scope: "jobs:read",
    summary: "Make a token for a browser",
    description:
      "A bearer token that may read this job and follow its events, and nothing else, from pages of any site. Where no header can be sent (`EventSource`), append it as `?token=` to the path of the events. It ends with its key.",
    params: { id: jobId },
    absent: { id: noSuchJob },
    body: jobTokenRequest,
    unaudited: true,
    answers: { 201: { description: "The token.", schema: jobToken } },
    problems: { 404: ["job_not_found"] },
    async handle({ params: { id }, body, caller, reply }) {
      if (!(await jobs.find(id))) throw noSuchJob();
      return reply(201, await tokens.issue(id, caller, body.expiresInSeconds));
    },
  });

  return [create];
}
