import type { Provider } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { asItEnded, type EarlierEnd, presentJob, readJobs } from "@understudy/jobs";
import type { DeliveryToTry } from "@understudy/webhooks";

/**
 * The bodies of deliveries' events, made anew for each try: nothing that a fan wrote is kept for them, and what was erased
 * since is not told.
 * @returns one for each delivery, in order
 */
export async function eventBodies(
  database: Database,
  deliveries: readonly DeliveryToTry[],
  expectedProvider: Provider,
): Promise<string[]> {
  const jobIds = new Set(deliveries.map(({ jobId }) => jobId).filter((id) => id !== null));
  const rows = jobIds.size === 0 ? [] : await readJobs(database, [...jobIds]);
  const now = database.clock.now();
  const jobs = new Map(rows.map((row) => [row.id, presentJob(row, expectedProvider, now)]));
  const retried = deliveries.filter(({ jobId }) => jobs.get(jobId ?? "")?.retries !== undefined);
  const ends = await endsOf(database, retried);
  const dataOf = ({ eventId, jobId, payload }: DeliveryToTry) => {
    const job = jobs.get(jobId ?? "");
    const end = ends.get(eventId);
    if (!job) return payload;
    return end ? asItEnded(job, end) : job;
  };
  return deliveries.map((delivery) =>
    JSON.stringify({ type: delivery.type, timestamp: delivery.eventAt, data: dataOf(delivery) }),
  );
}

/** How retried jobs had ended, by event; null for the last end. Asked after the jobs themselves were read: they may be retried in between. */
async function endsOf(
  database: Database,
  deliveries: readonly DeliveryToTry[],
): Promise<ReadonlyMap<string, EarlierEnd | null>> {
  if (deliveries.length === 0) return new Map();
  const events = await database.prisma.outbox.findMany({
    where: { id: { in: deliveries.map(({ eventId }) => eventId) } },
    select: { id: true, jobEnd: true },
  });
  return new Map(events.map(({ id, jobEnd }) => [id, jobEnd as unknown as EarlierEnd | null]));
}
