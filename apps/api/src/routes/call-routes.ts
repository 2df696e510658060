import { callSettlement, callsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { calls, explainCall, resolveUnknownCall } from "@understudy/ledger";
import { Router } from "express";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { parseBody, parseQuery } from "../http/parse.ts";
import { ProblemError } from "../http/problem-error.ts";

/** Calls one by one: what they were, why they cost what they cost, and an operator's word about lost ones. */
export function callRoutes(database: Database): Router {
  const router = Router();

  router.get("/admin/calls", async (request, response) => {
    const { cursor, ...query } = parseQuery(callsQuery, request);
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const { items, next } = await calls(database, query, after);
    response.json({ items, ...(next && { nextCursor: encodeCursor(next) }) });
  });

  router.get("/admin/calls/:id/explain", async (request, response) => {
    const explanation = await explainCall(database, readId(request.params.id));
    if (!explanation) throw noSuchCall();
    response.json(explanation);
  });

  router.post("/admin/calls/:id/settle", async (request, response) => {
    const settlement = parseBody(callSettlement, request);
    const resolution = await resolveUnknownCall(database, readId(request.params.id), settlement);
    switch (resolution.kind) {
      case "resolved":
        response.json(resolution.call);
        return;
      case "not_unknown":
        throw notUnknown(resolution.call);
      case "not_found":
        throw noSuchCall();
    }
  });

  return router;
}

/** Of an id in a path only what can be one is asked for: it may hold anything, even what Postgres can't store. */
function readId(text: string): string {
  if (!/^call_[0-9A-Za-z]{1,60}$/.test(text)) throw noSuchCall();
  return text;
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
