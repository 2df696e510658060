import { newId, openDatabase } from "@understudy/database";
import { claimJobs, createJobs } from "@understudy/jobs";
import { newClaim } from "@understudy/testkit";
import { type Benchmark, type BenchRun, takeTurns } from "./bench-run.ts";
import { compare } from "./finding.ts";
import { forkPeer } from "./peer-process.ts";
import { type PrivateServices, startPrivateServices } from "./private-services.ts";

const rounds = 3;
const creatorId = "hot";

/** Calls that all writers together have open at any moment: as many as there are jobs. */
const jobsMax = 480;

/**
 * One creator's calls, all posted to the same accounts, by several processes at once: each opens a call, and settles it as it opens
 * the next, as an attempt with many calls does. No model is asked.
 */
export const hotCreator: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const jobs = await startJobs(run, services);
  const byWriters = (writers: number) => ({
    name: `${writers} ${writers === 1 ? "writer" : "writers"}`,
    measure: () => writeCalls(run, services, jobs, writers),
    show: (perSecond: number) => `${Math.round(perSecond)} calls/s`,
  });
  const [one = [], four = [], eight = []] = await takeTurns(run, rounds, [1, 4, 8].map(byWriters));
  const common = { benchmark: "hot", unit: "calls/s", peerName: "1 writer", peer: one } as const;
  return [
    compare({ ...common, what: "one creator's calls, 4 writers", ours: four, goalMin: 2 }),
    compare({ ...common, what: "one creator's calls, 8 writers", ours: eight, goalMin: 2 }),
  ];
};

export interface HotJob {
  id: string;
  attempt: number;
}

async function startJobs(run: BenchRun, { databaseUrl }: PrivateServices): Promise<HotJob[]> {
  const database = openDatabase(databaseUrl, 1);
  run.atEnd(database.close);
  const terms = {
    agent: "test",
    creatorId,
    createCreator: true,
    feature: "test",
    model: "gemini-3.5-flash-lite",
    input: {},
    inputBytes: 2,
    priority: 100,
    requiredUsd: "0",
  };
  const jobs = Array.from({ length: jobsMax }, () => ({ ...terms, id: newId("job") }));
  await createJobs(database, jobs);
  await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: "1000000" } });
  const claimed = await claimJobs(
    database,
    jobs.map(({ id }) => newClaim(id)),
  );
  return claimed.flatMap((job) => (job ? [{ id: job.id, attempt: job.attempt }] : []));
}

/** @returns calls/s of all writers together, while all of them write */
async function writeCalls(
  run: BenchRun,
  { databaseUrl }: PrivateServices,
  jobs: readonly HotJob[],
  writers: number,
): Promise<number> {
  const share = Math.floor(jobs.length / writers);
  const started = await Promise.all(
    Array.from({ length: writers }, (_, index) =>
      forkPeer(run, "hot-writer", {
        databaseUrl,
        creatorId,
        seconds: run.seconds,
        jobs: jobs.slice(index * share, (index + 1) * share),
      }),
    ),
  );
  const counted = started.map(
    ({ child }) =>
      new Promise<number>((resolve, reject) => {
        child.once("message", (told: { perSecond: number }) => resolve(told.perSecond));
        child.once("exit", (code) => reject(new Error(`A writer ended with ${code}.`)));
      }),
  );
  for (const { child } of started) child.send("begin");
  const perSecond = (await Promise.all(counted)).reduce((sum, one) => sum + one, 0);
  for (const { child } of started) child.disconnect();
  return perSecond;
}
