import { call, callExplanation, callSettlement, callsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { calls, explainCall, resolveUnknownCall } from "@understudy/ledger";
import { z } from "zod";
import { visibleTo } from "../http/caller.ts";
import { checkScope } from "../http/check-scope.ts";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError } from "../http/problem-error.ts";
import * as examples from "../openapi/examples.ts";

const callId = z.string().regex(/^call_[0-9A-Za-z]{1,60}$/);

/** Calls one by one: what they were, why they cost what they cost, and an operator's word about lost ones. */
export function callRoutes(database: Database): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/calls",
    id: "listCalls",
    tag: "Calls",
    scope: "costs:read",
    summary: "List calls",
    description:
      "Each is one HTTP request to Gemini, in order of their start. `providerMessage` and `providerWords`, and a search by them, need the scope `jobs:content`.",
    query: callsQuery,
    answers: { 200: { description: "A page of calls.", schema: listOf(call) } },
    async handle({ query: { cursor, ...query }, caller, reply }) {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      if (query.providerMessage !== undefined) checkScope(caller, "jobs:content");
      const asked = { ...query, creatorIds: visibleTo(caller) };
      const withWords = caller.scopes.has("jobs:content");
      const { items, next } = await calls(database, asked, after, { withWords });
      return reply(200, { items, ...(next && { nextCursor: encodeCursor(next) }) });
    },
  });

  const explain = defineRoute({
    method: "get",
    path: "/api/ai/admin/calls/{id}/explain",
    id: "explainCall",
    tag: "Calls",
    scope: "costs:read",
    summary: "Explain what a call cost",
    description:
      "Worked out anew from the usage and the price that are stored. The lines add up to the last digit.",
    params: { id: callId },
    absent: { id: noSuchCall },
    example: { params: { id: examples.call.id } },
    answers: { 200: { description: "Line by line.", schema: callExplanation } },
    problems: { 404: ["call_not_found"] },
    async handle({ params, caller, reply }) {
      const explanation = await explainCall(database, params.id, { creatorIds: visibleTo(caller) });
      if (!explanation) throw noSuchCall();
      return reply(200, explanation);
    },
  });

  const settle = defineRoute({
    method: "post",
    path: "/api/ai/admin/calls/{id}/settle",
    id: "settleCall",
    tag: "Calls",
    scope: "admin",
    summary: "Settle a call whose answer was lost",
    description:
      "Says what an `unknown` call cost, or that nobody pays for it, or what an `estimated` one cost. The same word again changes nothing; another is refused.",
    params: { id: callId },
    absent: { id: noSuchCall },
    example: { params: { id: examples.call.id } },
    body: callSettlement,
    answers: { 200: { description: "The call as it is now.", schema: call } },
    problems: { 404: ["call_not_found"], 409: ["call_not_unknown"] },
    async handle({ params, body, reply }) {
      const resolution = await resolveUnknownCall(database, params.id, body);
      switch (resolution.kind) {
        case "resolved":
          return reply(200, resolution.call);
        case "not_unknown":
          throw notUnknown(resolution.call);
        case "not_found":
          throw noSuchCall();
      }
    },
  });

  return [list, explain, settle];
}

function noSuchCall(): ProblemError {
  return new ProblemError(404, "call_not_found", "No call has that id.");
}

function notUnknown({ status, costUsd }: { status: string; costUsd: string | null }): ProblemError {
  const detail =
    status === "started"
      ? "The call is under way: it can be settled when its answer is lost."
      : `The call is ${status} at $${costUsd}, which does not change.`;
  // `status` is the problem's own member: the HTTP status.
  return new ProblemError(409, "call_not_unknown", detail, { members: { callStatus: status, costUsd } });
}
