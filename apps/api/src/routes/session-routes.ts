import { session, signInRequest } from "@understudy/contracts";
import type { AuditLog } from "../audit/audit-log.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { Sessions } from "../session/sessions.ts";

const path = "/api/ai/session";
const cookie = { "set-cookie": "The session, which pages can't read." };

/** People sign in once, and are known by a cookie then. */
export function sessionRoutes(sessions: Sessions, audit: AuditLog): Route[] {
  const common = { path, tag: "Session" } as const;

  const create = defineRoute({
    ...common,
    method: "post",
    id: "signIn",
    scope: "public",
    summary: "Sign in",
    description:
      "With the admin key, or a key with the scope `admin`. For twelve hours requests with the cookie act as its holder; those that change something must bring the `csrfToken` as `x-csrf-token`.",
    body: signInRequest,
    answers: { 200: { description: "The session.", schema: session, headers: cookie } },
    problems: { 401: ["invalid_api_key"], 403: ["forbidden_scope"] },
    async handle({ body, requestId, request, response, reply }) {
      const person = await sessions.personWith(body.key);
      if (!person) {
        throw new ProblemError(403, "forbidden_scope", "Only a key with the scope admin signs a person in.", {
          members: { scope: "admin" },
        });
      }
      const action = { operation: "signIn", target: null, requestId, changes: {} };
      return await audit.record({ ...action, caller: person }, async () =>
        reply(200, await sessions.begin(person, request, response)),
      );
    },
  });

  const read = defineRoute({
    ...common,
    method: "get",
    id: "readSession",
    scope: "public",
    summary: "Tell whether a person is signed in",
    answers: { 200: { description: "The session.", schema: session } },
    problems: { 401: ["unauthorized"] },
    async handle({ request, reply }) {
      const person = await sessions.of(request);
      if (!person) throw new ProblemError(401, "unauthorized", "Nobody is signed in.");
      return reply(200, person.session);
    },
  });

  const remove = defineRoute({
    ...common,
    method: "delete",
    id: "signOut",
    scope: "admin",
    summary: "Sign out",
    answers: { 204: { description: "The cookie is gone." } },
    async handle({ request, response, reply }) {
      sessions.signOut(request, response);
      return reply(204);
    },
  });

  return [create, read, remove];
}
