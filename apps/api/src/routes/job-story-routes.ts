import { jobId, jobStory } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { defineRoute, type Route } from "../http/define-route.ts";
import { readJobStory } from "../job-story.ts";
import { type Jobs, noSuchJob } from "../jobs.ts";

/** What operators see of a job. */
export function jobStoryRoutes(database: Database, jobs: Pick<Jobs, "find">): Route[] {
  const story = defineRoute({
    method: "get",
    path: "/api/ai/admin/jobs/{id}",
    id: "readJobStory",
    tag: "Jobs",
    scope: "admin",
    summary: "Read a job's story",
    description:
      "The job, with its steps, calls, insights, and events with their deliveries. Not what was asked, nor the words of its steps.",
    params: { id: jobId },
    absent: { id: noSuchJob },
    answers: { 200: { description: "All that is known of the job.", schema: jobStory } },
    problems: { 404: ["job_not_found"] },
    async handle({ params: { id }, reply }) {
      const job = await jobs.find(id);
      const found = job && (await readJobStory(database, job));
      if (!found) throw noSuchJob();
      return reply(200, found);
    },
  });

  return [story];
}
