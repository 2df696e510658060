import { type Agent, agentNames, agents, findAgent } from "@understudy/agents";
import {
  type AcceptedJob,
  agentJobRequest,
  batchJob,
  creatorId,
  isTerminal,
  jobBatch,
  jobId,
  jobOptions,
} from "@understudy/contracts";
import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { parseAt, parseBody } from "../http/parse.ts";
import { preferredWaitSeconds } from "../http/prefer-wait.ts";
import { ProblemError } from "../http/problem-error.ts";
import { presentProblem } from "../http/problem-responses.ts";
import type { JobRequest, Jobs } from "../jobs.ts";
import { rateLimitHeaders } from "../lane-view.ts";

/** What every named route takes beside its agent's own fields. */
const namedRouteBody = z.looseObject({ creatorId, options: jobOptions.optional() });

/** Accepts jobs for every registered agent, and tells of them. */
export function jobRoutes(jobs: Jobs, stopping: AbortSignal): Router {
  const router = Router();

  async function acceptAndAnswer(job: JobRequest, request: Request, response: Response): Promise<void> {
    const { job: accepted, lane } = await jobs.accept(job);
    response.location(accepted.links.self);
    if (lane) response.set(rateLimitHeaders(lane));
    const seconds = preferredWaitSeconds(request);
    const ended = seconds > 0 ? await waitForEnd(accepted, seconds, response) : undefined;
    if (ended) response.status(200).json(ended);
    else response.status(202).json(accepted);
  }

  async function waitForEnd(accepted: AcceptedJob, seconds: number, response: Response) {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    response.set("preference-applied", `wait=${seconds}`);
    // The job is accepted: a fault while waiting must not make it look refused.
    const job = await jobs
      .waitForEnd(accepted.id, seconds, AbortSignal.any([gone.signal, stopping]))
      .catch(() => undefined);
    return job && isTerminal(job.status) ? job : undefined;
  }

  for (const agent of agents.filter(hasRoute)) {
    router.post(`/${agent.route}`, async (request, response) => {
      const { creatorId, options = {}, ...input } = parseBody(namedRouteBody, request);
      await acceptAndAnswer({ agent, creatorId, input, inputPointer: "", options }, request, response);
    });
  }

  router.post("/jobs/batch", async (request, response) => {
    const batch = parseBody(jobBatch, request);
    const requestId = String(response.locals.requestId);
    response.status(202).json({
      jobs: await Promise.all(
        batch.jobs.map((entry, index) =>
          acceptOfBatch(entry, `/jobs/${index}`).catch((error: unknown) => {
            const { problem } = presentProblem(error, requestId);
            // One that is away, or a fault of ours, is the whole request's: it may be repeated.
            if (problem.status >= 500) throw error;
            return problem;
          }),
        ),
      ),
    });
  });

  async function acceptOfBatch(entry: object, pointer: string): Promise<AcceptedJob> {
    const { agent: name, creatorId, input, options = {} } = parseAt(batchJob, entry, pointer);
    const agent = requireAgent(name, 400);
    return (await jobs.accept({ agent, creatorId, input, inputPointer: `${pointer}/input`, options })).job;
  }

  router.post("/agents/:name/jobs", async (request, response) => {
    const agent = requireAgent(request.params.name, 404);
    const { creatorId, input, options = {} } = parseBody(agentJobRequest, request);
    await acceptAndAnswer({ agent, creatorId, input, inputPointer: "/input", options }, request, response);
  });

  router.get("/jobs/:id", async (request, response) => {
    const job = await jobs.find(readId(request.params.id));
    if (!job) throw noSuchJob();
    response.json(job);
  });

  router.delete("/jobs/:id", async (request, response) => {
    const job = await jobs.cancel(readId(request.params.id));
    if (!job) throw noSuchJob();
    response.json(job);
  });

  return router;
}

/** Of an id in a path only what can be one is asked for: it may hold anything, even what Postgres can't store. */
function readId(text: string): string {
  if (!jobId.safeParse(text).success) throw noSuchJob();
  return text;
}

function noSuchJob(): ProblemError {
  return new ProblemError(404, "job_not_found", "No job has that id.");
}

function requireAgent(name: string, status: 400 | 404): Agent {
  const agent = findAgent(name);
  if (agent) return agent;
  throw new ProblemError(
    status,
    "agent_not_found",
    `No agent has that name. Known: ${agentNames.join(", ")}.`,
    {
      members: { agents: agentNames },
    },
  );
}

function hasRoute(agent: Agent): agent is Agent & { route: string } {
  return agent.route !== undefined;
}
