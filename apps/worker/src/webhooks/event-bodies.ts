import type { Provider } from "@understudy/contracts";
import type { Database, DeliveryToTry } from "@understudy/database";
import { asItEnded, type EarlierEnd, presentJob, readJobs } from "@understudy/ledger";

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
  const jobs = new Map(rows.map((row) => [row.id, presentJob(row, expectedProvider)]));
  const dataOf = ({ jobId, payload, jobEnd }: DeliveryToTry) => {
    const job = jobs.get(jobId ?? "");
    if (!job) return payload;
    return jobEnd === null ? job : asItEnded(job, jobEnd as EarlierEnd);
  };
  return deliveries.map((delivery) =>
    JSON.stringify({ type: delivery.type, timestamp: delivery.eventAt, data: dataOf(delivery) }),
  );
}
