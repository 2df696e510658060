import { isTerminal, type Job, jobId } from "@understudy/contracts";
import type { Response } from "express";
import { doneStateOf, readCursor } from "../events/event-cursor.ts";
import { EventResponse } from "../events/event-response.ts";
import { type JobEventSources, tellJob } from "../events/tell-job.ts";
import { callerNow, sees } from "../http/caller.ts";
import { defineRoute, type Route, sent } from "../http/define-route.ts";
import { HeldRequests, isGone } from "../http/held-requests.ts";
import { ProblemError } from "../http/problem-error.ts";
import { noSuchJob } from "../jobs.ts";

const example = `event: status
id: 0-0.0.running
data: {"status":"running","attempts":1}

event: token
id: 1763920800000-0.5.running
data: {"text":"Hi you","step":"messaging/draft","provisional":true}

`;

/** Whether who asked may still be told, when he has long been listening. */
async function mayRead(response: Response, job: Job): Promise<boolean> {
  try {
    const caller = await callerNow(response);
    return caller.scopes.has("jobs:read") && sees(caller, job.creatorId);
  } catch (error) {
    // Where Postgres is away nothing says that he may not.
    return !(error instanceof ProblemError);
  }
}

/** A fan's browser follows one job in a tab or two; an app may follow all that it has under way. */
const streamsMax = { key: 1_000, jobToken: 20 };

/** What becomes of a job, as server-sent events. */
export function eventRoutes(sources: JobEventSources): Route[] {
  const streams = new HeldRequests(streamsMax);

  const follow = defineRoute({
    method: "get",
    path: "/api/ai/jobs/{id}/events",
    id: "followJob",
    tag: "Jobs",
    scope: "jobs:read",
    summary: "Follow a job",
    description:
      "Server-sent events: `status`, `token` (text as it is generated), `retract`, and `done` with the job, which is the last. Goes on behind `Last-Event-ID` without loss or repeat. Ends soon after its key, token or session is good no more. A key may follow 1,000 jobs at once in each API process, a job's token 20 times.",
    headers: { "last-event-id": "The id of the last event that was heard: what comes is what came since." },
    params: { id: jobId },
    absent: { id: noSuchJob },
    answers: {
      200: { description: "Events until the job has ended.", text: { "text/event-stream": example } },
      204: { description: "All was told before: clients stop connecting again." },
    },
    problems: { 404: ["job_not_found"], 429: ["too_many_streams"] },
    async handle({ params, request, response, reply }) {
      const job = await sources.jobs.find(params.id);
      if (!job) throw noSuchJob();
      const cursor = readCursor(request.get("last-event-id"));
      // Clients connect again when a stream ends; this is what makes them stop.
      if (isTerminal(job.status) && cursor.state === doneStateOf(job)) return reply(204);
      if (!streams.hold(response)) {
        throw new ProblemError(
          429,
          "too_many_streams",
          "So many jobs are followed already. End a stream first.",
          {
            retryable: true,
            headers: { "retry-after": "5" },
          },
        );
      }
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      if (isGone(response)) gone.abort();
      // What is sent in vain to one who is gone is nobody's fault.
      response.on("error", () => {});
      const reader = new EventResponse(response, sources.stalledMs);
      if (request.method === "HEAD") reader.end();
      else await tellJob(sources, job, cursor, reader, gone.signal, () => mayRead(response, job));
      return sent;
    },
  });

  return [follow];
}
