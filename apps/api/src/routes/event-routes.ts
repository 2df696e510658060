import { jobId } from "@understudy/contracts";
import { Router } from "express";
import { doneState, readCursor } from "../events/event-cursor.ts";
import { EventResponse } from "../events/event-response.ts";
import { type JobEventSources, tellJob } from "../events/tell-job.ts";
import { ProblemError } from "../http/problem-error.ts";

/** What becomes of a job, as server-sent events. */
export function eventRoutes(sources: JobEventSources): Router {
  const router = Router();

  router.get("/jobs/:id/events", async (request, response) => {
    const { id } = request.params;
    const job = jobId.safeParse(id).success ? await sources.jobs.find(id) : undefined;
    if (!job) throw new ProblemError(404, "job_not_found", "No job has that id.");
    const cursor = readCursor(request.get("last-event-id"));
    // Clients connect again when a stream ends; this is what makes them stop.
    if (cursor.state === doneState) {
      response.status(204).end();
      return;
    }
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    // What is sent in vain to one who is gone is nobody's fault.
    response.on("error", () => {});
    const reader = new EventResponse(response, sources.stalledMs);
    if (request.method === "HEAD") reader.end();
    else await tellJob(sources, job, cursor, reader, gone.signal);
  });

  return router;
}
