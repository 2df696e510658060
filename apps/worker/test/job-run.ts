import { expect } from "@jest/globals";
import type { Job, JobStatus } from "@understudy/contracts";
import { eventually, type Stack } from "@understudy/testkit";

/** A job as soon as it has that status. */
export function jobThatEnds(stack: Stack, id: string, status: JobStatus, timeoutMs = 90_000): Promise<Job> {
  return eventually(async () => {
    const job = await stack.job(id);
    expect(job.status).toBe(status);
    return job;
  }, timeoutMs);
}

/** A job's calls in the order of their start. */
export function callsOfJob(stack: Stack, jobId: string) {
  return stack.database.prisma.usageLog.findMany({ where: { jobId }, orderBy: { startedAt: "asc" } });
}
