import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { newClaim } from "@understudy/testkit";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import {
  blameJobs,
  cancelJob,
  claimJobs,
  expireQueuedJobs,
  failUnknownAgents,
  putOffJob,
  retryJobs,
  takeOverJobs,
  ways,
} from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

/** What a way's own test writes to set its scene. */
const marks = { crashes: 0, workerId: null };

type Way = keyof typeof ways;
type State = "queued" | "running" | "completed" | "failed" | "blocked" | "cancelled";

/** A job in each state; its `expiresAt` has come. */
const jobIn: Record<State, () => Promise<string>> = {
  queued: () => jobs.job({ expiresAt: time(0).toISOString() }),
  running: () => ended(async () => {}),
  completed: () => ended((id) => jobs.finish(id)),
  failed: () => ended((id) => jobs.finish(id, { status: "failed" })),
  blocked: () => ended((id) => jobs.finish(id, { status: "blocked" })),
  cancelled: () => ended((id) => cancelJob(database, id, newId("evt"))),
};

async function ended(end: (id: string) => Promise<unknown>): Promise<string> {
  const id = await jobIn.queued();
  await jobs.claim(id);
  await end(id);
  return id;
}

/** Each way, tried with the job's own generation and attempt. */
const tryWay: Record<Way, (job: { id: string; generation: number; attempt: number }) => Promise<unknown>> = {
  claim: ({ id, generation }) => claimJobs(database, [newClaim(id, { generation })]),
  end: ({ id, attempt }) =>
    endJobs(database, [{ id, attempt, status: "completed", result: {}, eventId: newId("evt") }]),
  putOff: ({ id, attempt }) =>
    putOffJob(database, { id, attempt, waitingFor: "worker", delayMs: 0, isTry: true }),
  takeOver: () => takeOverJobs(database, 0, 10),
  async blame({ id }) {
    await database.prisma.job.update({ where: { id }, data: { crashes: 2, workerId: "worker_alone" } });
    return blameJobs(database, "worker_alone");
  },
  cancel: ({ id }) => cancelJob(database, id, newId("evt")),
  expire: () => expireQueuedJobs(database, [newId("evt")]),
  failUnknown: ({ id, generation }) => failUnknownAgents(database, [{ id, generation }], -1),
  retry: ({ id }) => retryJobs(database, { id }, 1),
};

const cases = (Object.keys(ways) as Way[]).flatMap((way) =>
  (Object.keys(jobIn) as State[]).map((state) => [way, state] as const),
);

describe("each way leads from the states that the table says into those that it says, and from no other", () => {
  it.each(cases)("%s, of a job that is %s", async (way, state) => {
    const id = await jobIn[state]();
    const before = await jobs.row(id);
    await tryWay[way](before);
    const after = await jobs.row(id);
    const { from, to }: { from: readonly string[]; to: readonly string[] } = ways[way];
    if (!from.includes(state)) expect({ ...after, ...marks }).toEqual({ ...before, ...marks });
    else expect(to).toContain(after.status);
  });
});

it("every way back to queued makes void what was delivered before", async () => {
  for (const [state, way] of [
    ["running", "putOff"],
    ["running", "takeOver"],
    ["failed", "retry"],
  ] as const) {
    const id = await jobIn[state]();
    const before = await jobs.row(id);
    await tryWay[way](before);
    expect(await jobs.row(id)).toMatchObject({ status: "queued", generation: before.generation + 1 });
    expect(await claimJobs(database, [newClaim(id, { generation: before.generation })])).toEqual([undefined]);
  }
});

it("each end is told of once, under an event of its own", async () => {
  for (const [state, type] of [
    ["completed", "job.completed"],
    ["failed", "job.failed"],
    ["blocked", "job.blocked"],
    ["cancelled", "job.cancelled"],
  ] as const) {
    expect((await jobs.row(await jobIn[state]())).outbox).toMatchObject([{ type }]);
  }
});
