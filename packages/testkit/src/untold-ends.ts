import type { Database } from "@understudy/database";

/**
 * What an enabled endpoint wanted to hear of and was not told of at least once, and deliveries that are left half-open;
 * one sentence each. Only of events since the endpoint was last changed.
 */
export async function untoldEnds({ prisma }: Database): Promise<string[]> {
  const endpoints = await prisma.webhookEndpoint.findMany({ where: { deletedAt: null, disabledAt: null } });
  if (endpoints.length === 0) return [];
  const ends = await prisma.outbox.findMany({
    where: { jobId: { not: null } },
    include: { deliveries: true, job: { select: { callbackEndpointId: true } } },
  });
  const faults: string[] = [];
  for (const endpoint of endpoints) {
    for (const end of ends) {
      const delivery = end.deliveries.find(({ endpointId }) => endpointId === endpoint.id);
      const isWanted =
        end.job?.callbackEndpointId === endpoint.id ||
        (endpoint.events.includes(end.type) &&
          (endpoint.creatorIds.length === 0 || endpoint.creatorIds.includes(end.creatorId ?? "")));
      if (delivery?.status === "delivered" || !isWanted || end.createdAt < endpoint.updatedAt) continue;
      faults.push(
        `${endpoint.id} was not told of ${end.jobId} (${end.id}): ${delivery?.status ?? "no delivery"}`,
      );
    }
  }
  const pending = await prisma.delivery.count({ where: { status: "pending" } });
  if (pending > 0) faults.push(`${pending} deliveries are half-open`);
  return faults;
}
