import { endedSessions, listedSession, session, signInRequest } from "@understudy/contracts";
import { z } from "zod";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError } from "../http/problem-error.ts";
import { listedSession as listedSessionExample } from "../openapi/examples.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SignInDesk } from "../session/sign-in-desk.ts";

const cookie = { "set-cookie": "The session, which pages can't read." };

/** People sign in once, and are known by a cookie then. */
export function sessionRoutes(sessions: Sessions, desk: SignInDesk): Route[] {
  const own = { path: "/api/ai/session", tag: "Session" } as const;
  const all = { path: "/api/ai/sessions", tag: "Session", scope: "admin" } as const;

  const create = defineRoute({
    ...own,
    method: "post",
    id: "signIn",
    scope: "public",
    summary: "Sign in",
    description:
      "With the admin key, or a key with the scope `admin`. For twelve hours, unless nothing comes for one, requests with the cookie act as its holder; those that change something must bring the `csrfToken` as `x-csrf-token`. After ten that failed from an address in five minutes, or a hundred from all in one, none is tried for a while.",
    body: signInRequest,
    bodyMax: 4 * 1024,
    answers: { 200: { description: "The session.", schema: session, headers: cookie } },
    problems: { 401: ["invalid_api_key"], 403: ["forbidden_scope"], 429: ["too_many_sign_ins"] },
    handle: async ({ body, request, response, reply }) =>
      reply(200, await desk.signIn(body.key, request, response)),
  });

  const read = defineRoute({
    ...own,
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
    ...own,
    method: "delete",
    id: "signOut",
    scope: "admin",
    summary: "Sign out",
    description: "The session ends everywhere, at once: a copy of its cookie is good for nothing.",
    answers: { 204: { description: "It has ended, and the cookie is gone." } },
    async handle({ request, response, reply }) {
      await sessions.signOut(request, response);
      return reply(204);
    },
  });

  const list = defineRoute({
    ...all,
    method: "get",
    id: "listSessions",
    summary: "List who is signed in",
    answers: { 200: { description: "All sessions, the newest first.", schema: listOf(listedSession) } },
    async handle({ request, reply }) {
      const current = await sessions.of(request);
      return reply(200, { items: await sessions.list(current?.id) });
    },
  });

  const end = defineRoute({
    ...all,
    path: "/api/ai/sessions/{id}",
    method: "delete",
    id: "endSession",
    summary: "End a session",
    params: { id: z.string().regex(/^ses_[0-9A-Z]{1,60}$/) },
    absent: { id: noSuchSession },
    example: { params: { id: listedSessionExample.id } },
    answers: { 204: { description: "It has ended, everywhere and at once." } },
    problems: { 404: ["session_not_found"] },
    async handle({ params: { id }, reply }) {
      if ((await sessions.end([id])) === 0) throw noSuchSession();
      return reply(204);
    },
  });

  const endAll = defineRoute({
    ...all,
    method: "delete",
    id: "endAllSessions",
    summary: "End all sessions",
    description: "Also that of who asks: everybody signs in anew.",
    answers: { 200: { description: "How many there were.", schema: endedSessions } },
    handle: async ({ reply }) => reply(200, { ended: await sessions.end(null) }),
  });

  return [create, read, remove, list, end, endAll];
}

function noSuchSession(): ProblemError {
  return new ProblemError(404, "session_not_found", "No session that has not ended has that id.");
}
