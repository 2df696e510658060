import type { Overview } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { waitingJobs } from "@understudy/jobs";
import type { Lanes } from "@understudy/queues";
import { laneTermsOf } from "../lane-view.ts";

type Waiting = Overview["waiting"];
type Cause = keyof Waiting["byCause"];

/** Lanes that are looked into at once; jobs in shorter ones than these count as waiting for a worker. */
const lanesMax = 300;

/**
 * Queued jobs by what they wait for. In a lane so many wait for a worker as there are tokens, the others for a token.
 * While Redis is away all of a lane count as waiting for a worker, as far as is known.
 */
export async function waitingByCause(database: Database, lanes: Lanes): Promise<Waiting> {
  const rows = await waitingJobs(database, lanesMax);
  const byCause: Partial<Record<Cause, number>> = {};
  const add = (cause: Cause, jobs: number) => {
    if (jobs > 0) byCause[cause] = (byCause[cause] ?? 0) + jobs;
  };
  const inLanes = new Map<string, number>();
  for (const { cause, creatorId, jobs } of rows) {
    if (creatorId !== null) inLanes.set(creatorId, jobs);
    else add((cause ?? "worker") as Cause, jobs);
  }
  const creators = await database.prisma.creator.findMany({
    where: { id: { in: [...inLanes.keys()] } },
    include: { plan: true },
  });
  await Promise.all(
    creators.map(async (creator) => {
      const jobs = inLanes.get(creator.id) ?? 0;
      const terms = laneTermsOf(creator);
      if (terms.isPaused) return add("paused", jobs);
      const view = await lanes.look(creator.id, terms).catch(() => undefined);
      const withoutToken = view ? Math.min(jobs, Math.max(0, view.waiting - view.tokens)) : 0;
      add("token", withoutToken);
      add("worker", jobs - withoutToken);
    }),
  );
  return { total: rows.reduce((total, { jobs }) => total + jobs, 0), byCause };
}
