import type { Job, JobStory } from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import { asItEnded, type EarlierEnd } from "@understudy/jobs";
import { presentCall } from "@understudy/ledger";
import { z } from "zod";
import { presentDelivery } from "./webhooks/present-webhook.ts";

const parts = {
  calls: { orderBy: [{ startedAt: "asc" }, { id: "asc" }] },
  steps: { orderBy: [{ createdAt: "asc" }, { key: "asc" }] },
  feedback: true,
  outbox: {
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    include: {
      deliveries: {
        include: { event: true, attempts: { orderBy: [{ generation: "asc" }, { number: "asc" }] } },
      },
    },
  },
} satisfies Prisma.JobInclude;

type Row = Prisma.JobGetPayload<{ include: typeof parts; omit: { input: true } }>;

/** Insights in what a job has remembered and said. */
const foundStep = z.object({ insightIds: z.array(z.string()) });
const usingResult = z.object({ insightsUsed: z.array(z.string()) });

/** All that is known of a job; undefined where it is gone. @param job as `GET /api/ai/jobs/{id}` gives it */
export async function readJobStory({ prisma }: Database, job: Job): Promise<JobStory | undefined> {
  const row: Row | null = await prisma.job.findUnique({
    where: { id: job.id },
    include: parts,
    omit: { input: true },
  });
  if (!row) return undefined;
  const { feedback } = row;
  return {
    job,
    ...(row.fanId !== null && { fanId: row.fanId }),
    priority: row.priority,
    ...(row.notBefore && { notBefore: row.notBefore.toISOString() }),
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
    crashes: row.crashes,
    ...(row.errorStep !== null && { failedStep: row.errorStep }),
    steps: row.steps.map(({ key, agentId, createdAt }) => ({
      key,
      agentId,
      createdAt: createdAt.toISOString(),
    })),
    calls: row.calls.map((call) => presentCall(call, { withWords: true })),
    insights: await insightsOf(prisma, row),
    ...(feedback && {
      feedback: { outcome: feedback.outcome, createdAt: feedback.createdAt.toISOString() },
    }),
    events: row.outbox.map((event) => presentEvent(job, event)),
  };
}

async function insightsOf(prisma: Database["prisma"], row: Row): Promise<JobStory["insights"]> {
  const found = row.steps.flatMap(({ result }) => foundStep.safeParse(result).data?.insightIds ?? []);
  const used = new Set(usingResult.safeParse(row.result).data?.insightsUsed ?? []);
  const insights = await prisma.insight.findMany({
    where: { OR: [{ id: { in: [...found, ...used] } }, { jobId: row.id }] },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return insights.map(({ id, jobId, source, type, text, createdAt }) => ({
    id,
    role: jobId === row.id ? "learned" : used.has(id) ? "used" : "found",
    source,
    type,
    text,
    createdAt: createdAt.toISOString(),
  }));
}

function presentEvent(job: Job, event: Row["outbox"][number]): JobStory["events"][number] {
  const { jobEnd, publishedAt } = event;
  const { error, finishedAt } = jobEnd === null ? job : asItEnded(job, jobEnd as unknown as EarlierEnd);
  return {
    id: event.id,
    type: event.type,
    createdAt: event.createdAt.toISOString(),
    ...(publishedAt && { publishedAt: publishedAt.toISOString() }),
    ...(jobEnd !== null && error && finishedAt && { end: { status: "failed" as const, error, finishedAt } }),
    deliveries: event.deliveries.map((delivery) => ({
      ...presentDelivery(delivery),
      endpointId: delivery.endpointId,
    })),
  };
}
