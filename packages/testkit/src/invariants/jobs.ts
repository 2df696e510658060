import { terminalStatuses } from "@understudy/contracts";
import type { Told, World } from "./world.ts";

/** A job as far as A, D and G ask for it, with the events of its ends. */
export type EndedJob = Awaited<ReturnType<typeof readJobs>>[number];

/** All jobs without what was written in them. */
export function readJobs({ database }: Pick<World, "database">) {
  return database.prisma.job.findMany({
    select: {
      id: true,
      agent: true,
      creatorId: true,
      status: true,
      errorCode: true,
      retries: true,
      callbackEndpointId: true,
      outbox: { select: { id: true, type: true, jobEnd: true } },
    },
  });
}

/** A: every accepted job has ended, once for each time that it was asked for, each end told by one event. */
export function endsAmiss(jobs: readonly EndedJob[], { accepted }: Pick<Told, "accepted">): string[] {
  const faults: string[] = [];
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const idOfKey = new Map<string, string>();
  for (const { id, idempotencyKey, at } of accepted) {
    const since = at === undefined ? "" : `, accepted at ${new Date(at).toISOString()},`;
    const job = byId.get(id);
    if (!job || !hasEnded(job)) faults.push(`A: ${id}${since} is ${job?.status ?? "missing"}`);
    if (idempotencyKey === undefined) continue;
    const first = idOfKey.get(idempotencyKey) ?? id;
    idOfKey.set(idempotencyKey, first);
    if (first !== id)
      faults.push(`A: ${first} and ${id}${since} have one idempotency key, ${idempotencyKey}`);
  }
  // Also of those whose 202 nobody has heard.
  for (const job of jobs) {
    const last = job.outbox.filter(({ jobEnd }) => jobEnd === null);
    const asked = job.retries + (hasEnded(job) ? 1 : 0);
    if (job.outbox.length !== asked)
      faults.push(
        `A: ${job.id} is ${job.status} and has ${job.outbox.length} events of its ends, ${job.retries} of them of retries`,
      );
    else if (hasEnded(job) && last[0]?.type !== `job.${job.status}`)
      faults.push(`A: ${job.id} is ${job.status}, which is not what its last event says`);
  }
  return faults;
}

/** G: no job is blamed for a fault that is not its own, nor ends without a result for what is none. */
export function endedAmiss(
  jobs: readonly EndedJob[],
  { poisoned, mayEnd = () => true }: Pick<Told, "poisoned" | "mayEnd">,
): string[] {
  return jobs.flatMap((job) => {
    const { id, status, errorCode } = job;
    if (poisoned?.has(id)) return [];
    if (isBlame(errorCode)) return [`G: ${id} was not poisoned, and ended as ${errorCode}`];
    if (status === "completed" || !hasEnded(job) || mayEnd(job)) return [];
    return [`G: ${id} had no reason to end as ${[status, errorCode].filter(Boolean).join(", ")}`];
  });
}

export function hasEnded({ status }: Pick<EndedJob, "status">): boolean {
  return (terminalStatuses as readonly string[]).includes(status);
}

function isBlame(errorCode: string | null): boolean {
  return errorCode === "agent_error" || errorCode === "worker_crashed";
}
