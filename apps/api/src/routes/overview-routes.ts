import {
  type CreatorAccount,
  creatorAccount,
  creatorAccountsQuery,
  type Overview,
  overview,
  type Provider,
} from "@understudy/contracts";
import { type Database, literally } from "@understudy/database";
import { failures, jobEnds, jobsByMinute } from "@understudy/jobs";
import { quotasOf } from "@understudy/ledger";
import type { ModelRegistry } from "@understudy/models";
import type { Dispatcher } from "@understudy/queues";
import { presentCreator } from "../creators/present-creator.ts";
import { decodeIdCursor, encodeIdCursor } from "../http/cursor.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { checkCreatorRateLimit } from "../lane-view.ts";
import { waitingByCause } from "../overview/waiting-by-cause.ts";

/** What is said of the settings. */
export interface OverviewSettings {
  expectedProvider: Provider;
  registry: ModelRegistry;
  platformQuotaUsd: string | undefined;
}

const minutesShown = 60;
const failureCodesMax = 12;

/** What operators look at: all at a glance, and creators with their accounts. */
export function overviewRoutes(
  database: Database,
  dispatcher: Dispatcher,
  settings: OverviewSettings,
): Route[] {
  return [readOverview(database, dispatcher, settings), listAccounts(database, dispatcher)];
}

function readOverview(database: Database, dispatcher: Dispatcher, settings: OverviewSettings): Route {
  const { expectedProvider, registry, platformQuotaUsd } = settings;
  return defineRoute({
    method: "get",
    path: "/api/ai/admin/overview",
    id: "readOverview",
    tag: "Operations",
    scope: "admin",
    summary: "See how things are",
    description:
      "Jobs by minute, what waits and why, what runs, and what failed. What is spent is told by the costs.",
    answers: { 200: { description: "As it is now.", schema: overview } },
    async handle({ reply }) {
      const [minutes, waiting, ends, failed] = await Promise.all([
        jobsByMinute(database, minutesShown),
        waitingByCause(database, dispatcher.lanes),
        jobEnds(database, 24),
        failures(database, 24, failureCodesMax),
      ]);
      const { running, ...lastDay } = ends;
      return reply(200, {
        at: database.clock.now().toISOString(),
        provider: expectedProvider,
        defaultModel: await registry.firstOf("draft"),
        platformQuotaUsd: platformQuotaUsd ?? null,
        minutes: minutes.map(({ at, ...counts }) => ({ at: at.toISOString(), ...counts })),
        waiting,
        running,
        lastDay,
        failures: failed.map(({ latestAt, ...rest }) => ({ ...rest, latestAt: latestAt.toISOString() })),
      } satisfies Overview);
    },
  });
}

function listAccounts(database: Database, dispatcher: Dispatcher): Route {
  return defineRoute({
    method: "get",
    path: "/api/ai/admin/creators",
    id: "listCreatorAccounts",
    tag: "Operations",
    scope: "admin",
    summary: "List creators with their accounts and lanes",
    description: "In order of their ids. `limits` is null while Redis, which holds the buckets, is away.",
    query: creatorAccountsQuery,
    answers: { 200: { description: "A page of creators.", schema: listOf(creatorAccount) } },
    async handle({ query: { q, cursor, limit }, reply }) {
      const rows = await database.prisma.creator.findMany({
        where: {
          id: { ...(q && { contains: literally(q) }), ...(cursor && { gt: decodeIdCursor(cursor) }) },
        },
        include: { plan: true },
        orderBy: { id: "asc" },
        take: limit + 1,
      });
      const page = rows.slice(0, limit);
      const [quotas, limits] = await Promise.all([
        quotasOf(
          database,
          page.map(({ id }) => id),
        ),
        Promise.all(page.map((row) => checkCreatorRateLimit(dispatcher.lanes, row).catch(() => null))),
      ]);
      const items = page.flatMap((row, index): CreatorAccount[] => {
        const quota = quotas.get(row.id);
        return quota ? [{ creator: presentCreator(row), quota, limits: limits[index] ?? null }] : [];
      });
      const last = rows.length > limit ? page.at(-1) : undefined;
      return reply(200, { items, ...(last && { nextCursor: encodeIdCursor(last.id) }) });
    },
  });
}
