import { type Agent, agentNames, agents } from "@understudy/agents";
import {
  agentJobRequest,
  batchJob,
  creatorId,
  type JobOptions,
  job,
  jobBatch,
  jobOptions,
} from "@understudy/contracts";
import { z } from "zod";

type NamedBody = { creatorId: string; options?: JobOptions | undefined; [field: string]: unknown };

/** Body of an agent's named route: the fields of its input beside those of every job. */
export const namedBodies = byAgent(({ input }) => {
  const body = input.safeExtend({ creatorId, options: jobOptions.optional() });
  // Of an agent of the registry the types know only that its input is an object.
  return body as unknown as z.ZodType<NamedBody, NamedBody>;
});

/** A job of an agent, with its result's form. */
export const jobsByAgent = byAgent(
  ({ output }) => job.extend({ result: output.optional() }) as unknown as typeof job,
);

function byAgent<Schema>(schemaOf: (agent: Agent) => Schema): (agent: Agent) => Schema {
  const schemas = new Map(agents.map((agent) => [agent, schemaOf(agent)]));
  return (agent) => schemas.get(agent) ?? schemaOf(agent);
}

const anyInput = z.union(agents.map(({ input }) => input));

/** What `POST /api/ai/agents/{name}/jobs` and `POST /api/ai/jobs/batch` take, with the form of each agent's input. */
export const agentJobBody = agentJobRequest.extend({ input: anyInput });
export const batchBody = jobBatch.extend({
  jobs: z
    .array(batchJob.extend({ agent: z.enum(agentNames), input: anyInput }))
    .min(1)
    .max(1000),
});
