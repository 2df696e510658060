import {
  type ModelRole,
  modelList,
  modelName,
  modelUpdate,
  providerName,
  registeredModel,
  roles,
  rolesQuery,
  rolesUpdate,
} from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { changeModel, changeRoles, listModels, type ModelRegistry, rolesFor } from "@understudy/models";
import { defineRoute, type Route } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";

/** The registry: what models can do, how long they live, and which answer for a role. */
export function modelRoutes(database: Database, registry: ModelRegistry): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/models",
    id: "listModels",
    tag: "Models",
    scope: "costs:read",
    summary: "List models",
    description:
      "All that are known, by provider and name: what they can do, when they retire, who answers in their place.",
    answers: { 200: { description: "The registry.", schema: modelList } },
    handle: async ({ reply }) => reply(200, { items: await listModels(registry) }),
  });

  const put = defineRoute({
    method: "put",
    path: "/api/ai/admin/models/{provider}/{model}",
    id: "putModel",
    tag: "Models",
    scope: "admin",
    summary: "Add or change a model",
    description:
      "What is left out stays. A new model needs `capabilities` and `source`, and a price before it can be called. Every process knows it within 30 seconds.",
    params: { provider: providerName, model: modelName },
    body: modelUpdate,
    example: { params: { provider: "gemini", model: "gemini-3.5-flash-lite" } },
    answers: { 200: { description: "The model as it is now.", schema: registeredModel } },
    problems: { 409: ["role_left_empty"] },
    async handle({ params, body, reply }) {
      const change = await changeModel(database, registry, params, body);
      switch (change.kind) {
        case "changed":
          return reply(200, change.model);
        case "incomplete":
          throw new ProblemError(
            400,
            "invalid_request",
            "The model is new: say what it can do, and where that was read.",
            {
              errors: change.missing.map((field) => ({
                pointer: `#/${field}`,
                detail: "is needed for a new model",
              })),
            },
          );
        case "unknown_successor":
          throw new ProblemError(
            400,
            "invalid_request",
            "The model that answers in its place is not registered.",
            {
              errors: [{ pointer: "#/routedTo", detail: "must be a model of the registry" }],
            },
          );
        case "leaves_empty":
          throw leftEmpty(change.roles);
      }
    },
  });

  const readRoles = defineRoute({
    method: "get",
    path: "/api/ai/admin/roles",
    id: "readRoles",
    tag: "Models",
    scope: "costs:read",
    summary: "List which models answer for a role",
    description:
      "The first that can be called answers. GEMINI_MODEL, where it is set, comes before them for texts.",
    query: rolesQuery,
    example: { query: { plan: "business" } },
    answers: { 200: { description: "Models by role; of a plan only what differs.", schema: roles } },
    problems: { 404: ["plan_not_found"] },
    async handle({ query: { plan }, reply }) {
      await requirePlan(plan);
      return reply(200, { roles: await rolesFor(registry, { planName: plan }) });
    },
  });

  const putRoles = defineRoute({
    method: "put",
    path: "/api/ai/admin/roles",
    id: "putRoles",
    tag: "Models",
    scope: "admin",
    summary: "Set which models answer for a role",
    description:
      "A role that is left out stays; with `plan` null takes the plan's own away. Every process knows it within 30 seconds.",
    query: rolesQuery,
    body: rolesUpdate,
    example: { query: { plan: "business" } },
    answers: { 200: { description: "Models by role as they are now.", schema: roles } },
    problems: { 404: ["plan_not_found"], 409: ["role_left_empty"] },
    async handle({ query: { plan }, body, reply }) {
      await requirePlan(plan);
      const change = await changeRoles(database, registry, { planName: plan }, body.roles);
      if (change.kind === "leaves_empty") throw leftEmpty([change.role]);
      if (change.kind === "is_needed")
        throw new ProblemError(400, "invalid_request", "Only a plan's own models can be taken away.", {
          errors: [{ pointer: `#/roles/${change.role}`, detail: "must be a list of models" }],
        });
      return reply(200, { roles: await rolesFor(registry, { planName: plan }) });
    },
  });

  async function requirePlan(name: string | undefined): Promise<void> {
    if (name === undefined || (await database.prisma.plan.findUnique({ where: { name } }))) return;
    throw new ProblemError(404, "plan_not_found", "No plan has that name.");
  }

  return [list, put, readRoles, putRoles];
}

/** No model of the roles could be called any more. */
export function leftEmpty(roles: readonly ModelRole[]): ProblemError {
  return new ProblemError(
    409,
    "role_left_empty",
    `Then no model could be called for ${roles.join(", ")}: name one that is registered, priced and not retired.`,
    { members: { roles } },
  );
}
