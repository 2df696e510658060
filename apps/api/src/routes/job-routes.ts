import { type Agent, agentNames, agents, findAgent } from "@understudy/agents";
import { type AcceptedJob, agentJobRequest, creatorId, isTerminal, jobOptions } from "@understudy/contracts";
import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { parseBody } from "../http/parse.ts";
import { preferredWaitSeconds } from "../http/prefer-wait.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { JobRequest, Jobs } from "../jobs.ts";

/** What every named route takes beside its agent's own fields. */
const namedRouteBody = z.looseObject({ creatorId, options: jobOptions.optional() });

/** Accepts jobs for every registered agent, and tells of them. */
export function jobRoutes(jobs: Jobs, stopping: AbortSignal): Router {
  const router = Router();

  async function acceptAndAnswer(job: JobRequest, request: Request, response: Response): Promise<void> {
    const accepted = await jobs.accept(job);
    response.location(accepted.links.self);
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

  router.post("/agents/:name/jobs", async (request, response) => {
    const agent = findAgent(request.params.name);
    if (!agent) {
      throw new ProblemError(
        404,
        "agent_not_found",
        `No agent has that name. Known: ${agentNames.join(", ")}.`,
        {
          members: { agents: agentNames },
        },
      );
    }
    const { creatorId, input, options = {} } = parseBody(agentJobRequest, request);
    await acceptAndAnswer({ agent, creatorId, input, inputPointer: "/input", options }, request, response);
  });

  router.get("/jobs/:id", async (request, response) => {
    const job = await jobs.find(request.params.id.slice(0, 100));
    if (!job) throw new ProblemError(404, "job_not_found", "No job has that id.");
    response.json(job);
  });

  return router;
}

function hasRoute(agent: Agent): agent is Agent & { route: string } {
  return agent.route !== undefined;
}
