import { randomUUID } from "node:crypto";

/** A claim of a job by a worker that runs others as well, and has no lease. */
export function newClaim(id: string, { generation = 1, timeoutSeconds = 60 } = {}) {
  return { id, generation, claimId: randomUUID(), workerId: "worker_test", isAlone: false, timeoutSeconds };
}
