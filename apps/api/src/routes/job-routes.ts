import { type Agent, agentNames, agents, findAgent } from "@understudy/agents";
import {
  type AcceptedJob,
  acceptedJob,
  agentJobRequest,
  batchJob,
  isTerminal,
  job,
  jobBatch,
  jobId,
  jobsQuery,
  problem as problemSchema,
  retryAnswer,
  retryRequest,
} from "@understudy/contracts";
import type { Response } from "express";
import { z } from "zod";
import { agentJobBody, batchBody, jobsByAgent, namedBodies } from "../agent-contracts.ts";
import { boundsOf, type Caller } from "../http/caller.ts";
import { defineRoute, type Route, type RouteContext } from "../http/define-route.ts";
import { HeldRequests, isGone } from "../http/held-requests.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { listOf } from "../http/list-of.ts";
import { traceparentOf } from "../http/observe-requests.ts";
import { parseAt, parseEntry } from "../http/parse.ts";
import { preferredWaitSeconds } from "../http/prefer-wait.ts";
import { ProblemError } from "../http/problem-error.ts";
import { presentProblem } from "../http/problem-responses.ts";
import { rateLimitHeaders } from "../http/rate-limit-headers.ts";
import type { JobControl } from "../job-control.ts";
import { type JobRequest, type Jobs, noSuchJob } from "../jobs.ts";
import { componentNameOf } from "../openapi/components.ts";
import * as examples from "../openapi/examples.ts";

const rateLimited = {
  "ratelimit-policy": "The creator's bucket: `q` tokens at most, all of them back after `w` seconds.",
  ratelimit: "`r` tokens are there, the next after `t` seconds.",
};

const replayed = {
  "idempotency-replayed":
    "`true` where the job was made by an earlier request with the same `Idempotency-Key`.",
};

const accepted = {
  202: {
    description: "The job is accepted: it is written down, and will reach exactly one end.",
    schema: acceptedJob,
    headers: { location: "The job's path.", ...replayed, ...rateLimited },
  },
  200: {
    description: "The job, which has ended while the request waited (`Prefer: wait=20`).",
    schema: job,
    headers: {
      location: "The job's path.",
      ...replayed,
      "preference-applied": "How long the request would have waited.",
      ...rateLimited,
    },
  },
};

type JobContext = Pick<RouteContext<typeof accepted>, "request" | "response" | "reply" | "caller">;

const repeatable = {
  "idempotency-key":
    "The same key with the same body gives the same job for 24 hours, however often it is sent: make one for each job.",
};

const heeded = {
  ...repeatable,
  prefer:
    "`wait=20` holds the answer until the job has ended, for so many seconds, 55 at most. Beyond 100 of a key at once in an API process the answer comes at once.",
};

/** Why a job may be refused. */
const refusals: NonNullable<Route["problems"]> = {
  400: ["unknown_model", "callback_not_allowed"],
  402: ["quota_exceeded", "budget_exceeded"],
  404: ["creator_not_found"],
  409: ["idempotency_key_in_use"],
  413: ["input_too_large"],
  422: ["idempotency_key_reused"],
  429: ["lane_full"],
};

/** Accepts jobs for every registered agent, and tells of them. */
export function jobRoutes(jobs: Jobs, control: JobControl, stopping: AbortSignal): Route[] {
  return [
    ...agentRoutes(jobs, stopping),
    batchRoute(jobs),
    listRoute(jobs),
    retryManyRoute(control),
    ...oneJobRoutes(jobs, control),
  ];
}

/** Of one key, in each API process; more are answered at once. */
const waitsMax = { key: 100, jobToken: 0 };

function agentRoutes(jobs: Jobs, stopping: AbortSignal): Route[] {
  const waits = new HeldRequests(waitsMax);

  async function acceptAndAnswer(job: Omit<JobRequest, "caller">, context: JobContext) {
    const { caller, request, response, reply } = context;
    const key = readIdempotencyKey(request) ?? job.options.idempotencyKey;
    const {
      job: accepted,
      lane,
      isRepeat,
    } = await jobs.accept({
      ...job,
      ...keyed(caller, key),
      caller,
      traceparent: traceparentOf(response),
    });
    const headers = {
      location: accepted.links.self,
      ...(isRepeat && { "idempotency-replayed": "true" }),
      ...(lane && rateLimitHeaders("bucket", lane)),
    };
    const seconds = preferredWaitSeconds(request.headers.prefer);
    // A preference that can't be met is no reason to refuse the job.
    if (seconds === 0 || !waits.hold(response)) return reply(202, accepted, headers);
    const waited = { ...headers, "preference-applied": `wait=${seconds}` };
    const ended = await waitForEnd(accepted, seconds, response);
    return ended ? reply(200, ended, waited) : reply(202, accepted, waited);
  }

  async function waitForEnd(accepted: AcceptedJob, seconds: number, response: Response) {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    if (isGone(response)) gone.abort();
    // The job is accepted: a fault while waiting must not make it look refused.
    const job = await jobs
      .waitForEnd(accepted.id, seconds, AbortSignal.any([gone.signal, stopping]))
      .catch(() => undefined);
    return job && isTerminal(job.status) ? job : undefined;
  }

  const named = agents.filter(hasRoute).map((agent) =>
    defineRoute({
      method: "post",
      path: `/api/ai/${agent.route}`,
      id: `create${componentNameOf(agent.name)}Job`,
      tag: "Jobs",
      scope: "jobs:write",
      summary: `Enqueue a job of the agent ${agent.name}`,
      description: agent.summary,
      headers: heeded,
      body: namedBodies(agent),
      unaudited: true,
      ...(agent.example && { example: { body: { creatorId: "psy", ...agent.example.input } } }),
      answers: {
        ...accepted,
        200: { ...accepted[200], schema: jobsByAgent(agent) },
      },
      problems: refusals,
      async handle(context) {
        const { creatorId, options = {}, ...input } = context.body;
        return await acceptAndAnswer({ agent, creatorId, input, inputPointer: "", options }, context);
      },
    }),
  );

  const any = defineRoute({
    method: "post",
    path: "/api/ai/agents/{name}/jobs",
    id: "createAgentJob",
    tag: "Jobs",
    scope: "jobs:write",
    summary: "Enqueue a job of any agent",
    description: "What `input` must be is the agent's own, such as `ChatInput` for `chat`.",
    headers: heeded,
    params: { name: z.enum(agentNames) },
    absent: { name: () => noSuchAgent(404) },
    body: agentJobRequest,
    documentedBody: agentJobBody,
    unaudited: true,
    example: { params: { name: "chat" }, body: { creatorId: "psy", input: chatInput } },
    answers: accepted,
    problems: { ...refusals, 404: ["agent_not_found", "creator_not_found"] },
    async handle(context) {
      const { creatorId, input: given, options = {} } = context.body;
      const agent = requireAgent(context.params.name, 404);
      const input = parseAt(agent.input, given, "/input");
      return await acceptAndAnswer({ agent, creatorId, input, inputPointer: "/input", options }, context);
    },
  });

  return [...named, any];
}

function keyed({ ownerId }: Caller, key: string | undefined): Pick<JobRequest, "idempotencyKey"> {
  return key === undefined ? {} : { idempotencyKey: { ownerId, key } };
}

function batchRoute(jobs: Jobs): Route {
  async function accept(
    { caller, response }: Pick<RouteContext<typeof accepted>, "caller" | "response">,
    entry: unknown,
    pointer: string,
    placeKey: string | undefined,
  ): Promise<AcceptedJob> {
    const { agent: name, creatorId, input: given, options = {} } = parseEntry(batchJob, entry, pointer);
    const agent = requireAgent(name, 400);
    const inputPointer = `${pointer}/input`;
    const input = parseAt(agent.input, given, inputPointer);
    const of = {
      caller,
      ...keyed(caller, options.idempotencyKey ?? placeKey),
      isBatch: true,
      traceparent: traceparentOf(response),
    };
    return (await jobs.accept({ ...of, agent, creatorId, input, inputPointer, options })).job;
  }

  return defineRoute({
    method: "post",
    path: "/api/ai/jobs/batch",
    id: "createJobs",
    tag: "Jobs",
    scope: "jobs:write",
    summary: "Enqueue up to 1,000 jobs",
    description:
      "Each is accepted or refused by itself, and counts as a request in the key's rate: the batch is taken, and what it owes has to be waited for afterwards. An `Idempotency-Key` of the request stands, with a job's place, for each job " +
      "that has no `options.idempotencyKey` of its own.",
    headers: repeatable,
    body: jobBatch,
    entries: "jobs",
    documentedBody: batchBody,
    unaudited: true,
    example: { body: { jobs: [{ agent: "chat", creatorId: "psy", input: chatInput }] } },
    bodyMax: 8 * 1024 * 1024,
    answers: {
      202: {
        description: "In the order of the request: a job that is accepted, or the problem why it is not.",
        schema: z.object({ jobs: z.array(z.union([acceptedJob, problemSchema])) }),
        example: { jobs: [examples.acceptedJob, examples.problem] },
      },
    },
    async handle({ body, request, requestId, reply, ...context }) {
      const key = readIdempotencyKey(request);
      boundsOf(context.response)?.owe(body.jobs.length - 1);
      const outcomes = await Promise.allSettled(
        body.jobs.map((entry, index) =>
          accept(context, entry, `/jobs/${index}`, key && keyOfPlace(key, index)),
        ),
      );
      const isAnyAccepted = outcomes.some(({ status }) => status === "fulfilled");
      const jobs = outcomes.map((outcome) => {
        if (outcome.status === "fulfilled") return outcome.value;
        const { problem } = presentProblem(outcome.reason, requestId);
        // A fault of ours is the whole request's, unless a job was accepted: then each says what became of it.
        if (problem.status >= 500 && !isAnyAccepted) throw outcome.reason;
        return problem;
      });
      return reply(202, { jobs });
    },
  });
}

/** A key that no request can send itself: what stands between is no printable character. */
function keyOfPlace(key: string, index: number): string {
  return `${key}\t${index}`;
}

function listRoute(jobs: Jobs): Route {
  return defineRoute({
    method: "get",
    path: "/api/ai/jobs",
    id: "listJobs",
    tag: "Jobs",
    scope: "jobs:read",
    summary: "List jobs",
    description:
      "The newest first. `q` looks for the whole id of a job or fan, the beginning of a creator's id, or words of an error, " +
      "the last of which may be cut.",
    query: jobsQuery,
    answers: { 200: { description: "A page of jobs, each as it is now.", schema: listOf(job) } },
    async handle({ caller, query, reply }) {
      return reply(200, await jobs.list(caller, query));
    },
  });
}

function retryManyRoute(control: JobControl): Route {
  return defineRoute({
    method: "post",
    path: "/api/ai/jobs/retry",
    id: "retryJobs",
    tag: "Jobs",
    scope: "jobs:write",
    summary: "Try failed jobs again",
    description:
      "Those for which all that is given holds, the longest failed first, up to 1,000 in one request; repeated, it finds " +
      "those that are left. See `retryJob`.",
    body: retryRequest,
    answers: { 202: { description: "How many are queued again.", schema: retryAnswer } },
    async handle({ caller, body, reply }) {
      return reply(202, await control.retryMany(caller, body));
    },
  });
}

function oneJobRoutes(jobs: Jobs, control: JobControl): Route[] {
  const ofOne = {
    path: "/api/ai/jobs/{id}",
    tag: "Jobs",
    params: { id: jobId },
    absent: { id: noSuchJob },
  } as const;

  const read = defineRoute({
    ...ofOne,
    method: "get",
    id: "readJob",
    scope: "jobs:read",
    summary: "Read a job",
    answers: { 200: { description: "The job as it is now.", schema: job } },
    problems: { 404: ["job_not_found"] },
    async handle({ params: { id }, reply }) {
      const job = await jobs.find(id);
      if (!job) throw noSuchJob();
      return reply(200, job);
    },
  });

  const cancel = defineRoute({
    ...ofOne,
    method: "delete",
    id: "cancelJob",
    scope: "jobs:write",
    summary: "Cancel a job",
    description:
      "One that has not ended; again, it changes nothing. The call to the model that it may be making is aborted, and what " +
      "that has cost stays on record. No token was taken for one that still waits in its lane.",
    answers: { 200: { description: "The job, cancelled.", schema: job } },
    problems: { 404: ["job_not_found"], 409: ["job_not_cancellable"] },
    async handle({ params: { id }, caller, reply }) {
      return reply(200, await control.cancel(caller, id));
    },
  });

  const retry = defineRoute({
    ...ofOne,
    path: "/api/ai/jobs/{id}/retry",
    method: "post",
    id: "retryJob",
    scope: "jobs:write",
    summary: "Try a failed job again",
    description:
      "The same job is queued anew, and takes a token like any other; what it has finished is neither done nor paid again. " +
      "Each time that it ends, that is told under an event id of its own. One that waits or runs already is left as it is.",
    answers: { 202: { description: "The job as it is now.", schema: job } },
    problems: { 404: ["job_not_found"], 409: ["job_not_failed", "job_erased"] },
    async handle({ params: { id }, caller, reply }) {
      return reply(202, await control.retry(caller, id));
    },
  });

  return [read, cancel, retry];
}

const chatInput = { fanId: "fan_7", message: "hey!! loved your last post" };

function requireAgent(name: string, status: 400 | 404): Agent {
  const agent = findAgent(name);
  if (!agent) throw noSuchAgent(status);
  return agent;
}

function noSuchAgent(status: 400 | 404): ProblemError {
  const detail = `No agent has that name. Known: ${agentNames.join(", ")}.`;
  return new ProblemError(status, "agent_not_found", detail, { members: { agents: agentNames } });
}

function hasRoute(agent: Agent): agent is Agent & { route: string } {
  return agent.route !== undefined;
}
