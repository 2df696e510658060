import type { EndedJob } from "./jobs.ts";
import type { HeardEvents, Told, World } from "./world.ts";

type Endpoint = Awaited<ReturnType<typeof readEndpoints>>[number];
type JobEvent = Awaited<ReturnType<typeof readJobEvents>>[number];

/**
 * D: each endpoint was told of every end that it wants, at least once, under that end's own id, and of
 * nothing else; or it is disabled. By what the database says, and by what receivers heard. Only of events
 * since the endpoint was last changed.
 */
export async function endsUntold(
  world: Pick<World, "database">,
  jobs: readonly EndedJob[],
  { webhooks = [] }: Pick<Told, "webhooks">,
): Promise<string[]> {
  const endpoints = await readEndpoints(world);
  if (endpoints.length === 0 && webhooks.length === 0) return [];
  const events = await readJobEvents(world);
  const faults: string[] = [];
  for (const endpoint of endpoints.filter(isEnabled)) {
    for (const event of events) {
      const delivery = event.deliveries.find(({ endpointId }) => endpointId === endpoint.id);
      if (delivery?.status === "delivered" || !isWanted(endpoint, event)) continue;
      faults.push(
        `D: ${endpoint.id} was not told of ${event.jobId} (${event.id}): ${delivery?.status ?? "no delivery"}`,
      );
    }
  }
  for (const heard of webhooks) {
    faults.push(...heardAmiss(heard, jobs));
    const endpoint = endpoints.find(({ id }) => id === heard.endpointId);
    if (endpoint && isEnabled(endpoint)) faults.push(...unheard(endpoint, heard, events));
  }
  return faults;
}

/** Nothing is told that is not true, nor one end under two ids. */
function heardAmiss({ endpointId, events }: HeardEvents, jobs: readonly EndedJob[]): string[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const idsOf = new Map<string, Set<string>>();
  const faults = new Set<string>();
  for (const { webhookId, jobId, type } of events) {
    const job = byId.get(jobId);
    const event = job?.outbox.find(({ id }) => id === webhookId);
    const ids = idsOf.get(jobId) ?? new Set();
    idsOf.set(jobId, ids.add(webhookId));
    if (!event)
      faults.add(`D: ${endpointId} was told of ${jobId} under ${webhookId}, of which nothing is known`);
    else if (event.type !== type)
      faults.add(`D: ${endpointId} was told ${type} of ${jobId} under ${webhookId}, which is ${event.type}`);
    if (ids.size > 1 + (job?.retries ?? 0))
      faults.add(`D: ${endpointId} was told of one end of ${jobId} under ${[...ids].join(" and ")}`);
  }
  return [...faults];
}

function unheard(endpoint: Endpoint, heard: HeardEvents, events: readonly JobEvent[]): string[] {
  const ids = new Set(heard.events.map(({ webhookId }) => webhookId));
  return events
    .filter((event) => isWanted(endpoint, event) && !ids.has(event.id))
    .map(({ id, jobId }) => `D: ${endpoint.id} has never heard of ${jobId} (${id})`);
}

function isWanted(endpoint: Endpoint, { type, creatorId, createdAt, job }: JobEvent): boolean {
  if (createdAt < endpoint.updatedAt) return false;
  if (job?.callbackEndpointId === endpoint.id) return true;
  const { events, creatorIds } = endpoint;
  return events.includes(type) && (creatorIds.length === 0 || creatorIds.includes(creatorId ?? ""));
}

function isEnabled({ deletedAt, disabledAt }: Endpoint): boolean {
  return deletedAt === null && disabledAt === null;
}

function readEndpoints({ database }: Pick<World, "database">) {
  return database.prisma.webhookEndpoint.findMany({
    select: {
      id: true,
      events: true,
      creatorIds: true,
      updatedAt: true,
      disabledAt: true,
      deletedAt: true,
    },
  });
}

function readJobEvents({ database }: Pick<World, "database">) {
  return database.prisma.outbox.findMany({
    where: { jobId: { not: null } },
    select: {
      id: true,
      type: true,
      jobId: true,
      creatorId: true,
      createdAt: true,
      deliveries: { select: { endpointId: true, status: true } },
      job: { select: { callbackEndpointId: true } },
    },
  });
}
