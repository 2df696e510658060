import { isDeepStrictEqual } from "node:util";
import { quotaThreshold, raisedAlert } from "@understudy/contracts";
import type { World } from "./world.ts";

/**
 * D: each alert is told to apps by one event in the outbox, and both say what the contract has of its type, no more and no less.
 * An alert may have grown since its event was written.
 */
export async function alertsUntold({ database }: Pick<World, "database">): Promise<string[]> {
  const [alerts, events] = await Promise.all([
    database.prisma.alert.findMany(),
    database.prisma.outbox.findMany({ where: { type: { in: ["quota.threshold", "alert.raised"] } } }),
  ]);
  const left = new Set(events);
  const faults = alerts.flatMap(({ id, type, creatorId, payload }) => {
    const schema = type === "quota_threshold" ? quotaThreshold : raisedAlert;
    const about = { alertId: id, alert: type, creatorId };
    const own = events.filter((event) => idIn(event.payload) === id);
    for (const event of own) left.delete(event);
    const [event] = own;
    return [
      ...amiss(schema, { ...about, ...(payload as object) }, `alert ${id}`),
      ...(own.length === 1 ? [] : [`D: alert ${id} (${type}) has ${own.length} events`]),
      ...(event ? amiss(schema, event.payload, `event ${event.id}`) : []),
      ...(event && !isAbout(event, about)
        ? [`D: event ${event.id} is not about ${JSON.stringify(about)}`]
        : []),
    ];
  });
  return [...faults, ...[...left].map(({ id }) => `D: event ${id} is of no alert`)];
}

function amiss(schema: typeof quotaThreshold | typeof raisedAlert, told: unknown, what: string): string[] {
  const { data, error } = schema.safeParse(told);
  if (error) return [`D: ${what} is not what the contract says: ${error.message}`];
  return isDeepStrictEqual(data, told)
    ? []
    : [`D: ${what} says more than its contract: ${JSON.stringify(told)}`];
}

const idIn = (payload: unknown) => (payload as { alertId?: unknown } | null)?.alertId;

function isAbout(
  { type, creatorId, payload }: { type: string; creatorId: string | null; payload: unknown },
  about: { alert: string; creatorId: string | null },
): boolean {
  const told = payload as Record<string, unknown>;
  return (
    type === (about.alert === "quota_threshold" ? "quota.threshold" : "alert.raised") &&
    creatorId === about.creatorId &&
    Object.entries(about).every(([name, value]) => told[name] === value)
  );
}
