import { type AuditEntry, auditEntry, auditQuery } from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { behind, newestFirst, pageOf } from "../webhooks/newest-first.ts";

/** Who changed what, and when. */
export function auditRoutes({ prisma }: Database): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/audit",
    id: "listAuditEntries",
    tag: "Audit",
    scope: "admin",
    summary: "List who changed what",
    description:
      "Everything but the creation of jobs, which are their own record; the newest first. Entries are kept for ever.",
    query: auditQuery,
    answers: { 200: { description: "A page of entries.", schema: listOf(auditEntry) } },
    async handle({ query: { from, to, actor, operation, cursor, limit }, reply }) {
      const rows = await prisma.auditEntry.findMany({
        where: {
          createdAt: { ...(from && { gte: from }), ...(to && { lt: to }) },
          ...(actor !== undefined && { actor }),
          ...(operation !== undefined && { operation }),
          ...behind(cursor),
        },
        orderBy: newestFirst,
        take: limit + 1,
      });
      return reply(200, pageOf(rows, limit, present));
    },
  });

  return [list];
}

function present(row: Prisma.AuditEntryGetPayload<object>): AuditEntry {
  return {
    id: row.id,
    at: row.createdAt.toISOString(),
    actor: row.actor,
    operation: row.operation,
    target: row.target,
    requestId: row.requestId,
    outcome: row.outcome,
    changes: row.changes as AuditEntry["changes"],
  };
}
