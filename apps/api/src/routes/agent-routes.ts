import { agents } from "@understudy/agents";
import { type AgentDescription, agentDescription } from "@understudy/contracts";
import { z } from "zod";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";

/** What agents there are. */
export function agentRoutes(): Route[] {
  // Nothing of it depends on the request.
  const items = agents.map(
    ({ name, agentId, title, summary, feature, input, output }): AgentDescription => ({
      name,
      agentId,
      title,
      summary,
      feature,
      path: `/api/ai/agents/${name}/jobs`,
      input: z.toJSONSchema(input, { io: "input" }),
      output: z.toJSONSchema(output),
    }),
  );

  const list = defineRoute({
    method: "get",
    path: "/api/ai/agents",
    id: "listAgents",
    tag: "Jobs",
    scope: "jobs:read",
    summary: "List agents",
    description: "Each with the JSON schemas of what it takes and gives: enough to make a form of.",
    answers: { 200: { description: "All registered agents.", schema: listOf(agentDescription) } },
    handle: ({ reply }) => reply(200, { items }),
  });

  return [list];
}
