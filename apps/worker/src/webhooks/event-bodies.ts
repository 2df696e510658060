import type { Provider } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { asItEnded, presentJob, readJobs } from "@understudy/jobs";
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
  const jobs = new Map(rows.map((row) => [row.id, { row, job: presentJob(row, expectedProvider, now) }]));
  const dataOf = ({ eventId, jobId, payload }: DeliveryToTry) => {
    const found = jobs.get(jobId ?? "");
    if (!found) return payload;
    const end = found.row.earlierEnds?.[eventId];
    return end ? asItEnded(found.job, end) : found.job;
  };
  return deliveries.map((delivery) =>
    JSON.stringify({ type: delivery.type, timestamp: delivery.eventAt, data: dataOf(delivery) }),
  );
}
