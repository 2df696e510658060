import type { Database, Prisma } from "@understudy/database";
import { endpointsOfCreators } from "@understudy/webhooks";
import { type Caller, sees, visibleTo } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { EndpointRow } from "./present-webhook.ts";

/** Whether an endpoint exists for a caller: for a key that is bound to creators, if it hears of none but these. */
export function seesEndpoint(caller: Caller, { creatorIds }: { creatorIds: string[] }): boolean {
  return caller.creatorIds === null || (creatorIds.length > 0 && creatorIds.every((id) => sees(caller, id)));
}

/** The same for a list. */
export async function visibleEndpoints(
  database: Database,
  caller: Caller,
): Promise<Prisma.WebhookEndpointWhereInput> {
  const creatorIds = visibleTo(caller);
  if (!creatorIds) return { deletedAt: null };
  return { deletedAt: null, id: { in: await endpointsOfCreators(database, creatorIds) } };
}

/** Deliveries that exist for a caller: an endpoint may have heard of others before it was narrowed. */
export function visibleDeliveries(caller: Caller): Prisma.DeliveryWhereInput {
  const creatorIds = visibleTo(caller);
  return creatorIds ? { OR: [{ creatorId: { in: creatorIds } }, { type: "webhook.test" }] } : {};
}

/** The endpoint, if it exists for the caller. */
export async function findEndpoint(
  { prisma }: Database,
  caller: Caller,
  id: string,
): Promise<EndpointRow | undefined> {
  const row = await prisma.webhookEndpoint.findUnique({ where: { id, deletedAt: null } });
  return row && seesEndpoint(caller, row) ? row : undefined;
}

/**
 * Of which creators an endpoint is to hear that a caller makes or changes: a bound key's endpoint never of all.
 * @param asked empty: of all that exist
 * @throws a 404 problem where one of them does not exist for the caller
 */
export function hearsOf(caller: Caller, asked: string[]): string[] {
  const stranger = asked.find((id) => !sees(caller, id));
  if (stranger !== undefined) {
    throw new ProblemError(404, "creator_not_found", `There is no creator ${stranger}.`);
  }
  return asked.length === 0 && caller.creatorIds !== null ? [...caller.creatorIds] : asked;
}
