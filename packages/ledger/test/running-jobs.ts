import { type Database, newId } from "@understudy/database";
import { claimJobs, createJobs } from "@understudy/jobs";
import { newClaim } from "@understudy/testkit";
import type { CallIntent, OpenCall } from "../src/call.ts";
import type { Ledger } from "../src/ledger.ts";
import { Money } from "../src/money.ts";

/** A job in the hands of an attempt. */
export interface RunningJob {
  id: string;
  attempt: number;
  creatorId: string;
}

export interface JobWish {
  creatorId: string;
  apiKeyId?: string;
  priority?: number;
}

const common = {
  agent: "test",
  feature: "test",
  model: "gemini-2.5-flash",
  input: {},
  inputBytes: 2,
  requiredUsd: "0",
  createCreator: true,
};

/** Writes jobs down, each a moment after the one before; creators that are new have the plan starter: $10 a month. */
export async function newJobs(database: Database, wishes: readonly JobWish[]): Promise<string[]> {
  const jobs = wishes.map((wish) => ({ ...common, priority: 1, ...wish, id: newId("job") }));
  await createJobs(database, jobs);
  return jobs.map(({ id }) => id);
}

/** Begins an attempt of each job. */
export async function run<const Ids extends readonly string[]>(
  database: Database,
  ids: Ids,
): Promise<{ [Index in keyof Ids]: RunningJob }> {
  // What runs already is taken over, as if its worker had died.
  await database.prisma.job.updateMany({
    where: { id: { in: [...ids] }, status: "running" },
    data: { status: "queued", generation: { increment: 1 } },
  });
  const jobs = await database.prisma.job.findMany({ where: { id: { in: [...ids] } } });
  const claims = jobs.map(({ id, generation }) => newClaim(id, { generation }));
  const claimed = new Map((await claimJobs(database, claims)).map((job) => [job?.id, job]));
  const running = ids.map((id): RunningJob => {
    const job = claimed.get(id);
    if (!job) throw new Error(`${id} was not claimed`);
    return { id, attempt: job.attempt, creatorId: job.creatorId };
  });
  return running as { [Index in keyof Ids]: RunningJob };
}

export async function runningJobs(database: Database, wishes: readonly JobWish[]): Promise<RunningJob[]> {
  return run(database, await newJobs(database, wishes));
}

export async function runningJob(database: Database, wish: JobWish): Promise<RunningJob> {
  const [job] = await runningJobs(database, [wish]);
  if (!job) throw new Error("no job");
  return job;
}

/** What tells a call from others of its suite. */
type CallTerms = Partial<Pick<CallIntent, "stepKey" | "agentId" | "feature" | "price" | "timeoutSeconds">> & {
  reserveUsd?: string;
};

/** A call that a job is about to make, of gemini-2.5-flash unless told otherwise. */
export async function intent(
  ledger: Ledger,
  job: RunningJob,
  holdUsd: string,
  { reserveUsd = "0", ...terms }: CallTerms = {},
): Promise<CallIntent> {
  return {
    id: ledger.newCallId(),
    jobId: job.id,
    attempt: job.attempt,
    stepKey: newId("evt"),
    creatorId: job.creatorId,
    agentId: "test_ai",
    feature: "test",
    price: await flashPrice(ledger),
    routedTo: [],
    holdUsd: new Money(holdUsd),
    worstUsd: new Money(holdUsd),
    promptWorstUsd: new Money(holdUsd),
    reserveUsd: new Money(reserveUsd),
    timeoutSeconds: 60,
    ...terms,
  };
}

/** A call as it is once it is written down, of this moment. */
export function begun(intent: CallIntent): OpenCall {
  return { ...intent, kind: "open", startedAt: new Date() };
}

export interface CallWish extends JobWish, CallTerms {
  holdUsd: string;
}

/** Calls that are about to be made, each by a job of its own. */
export async function intents(
  database: Database,
  ledger: Ledger,
  wishes: readonly CallWish[],
): Promise<CallIntent[]> {
  const jobs = await runningJobs(
    database,
    wishes.map(({ creatorId, apiKeyId, priority }) => ({
      creatorId,
      ...(apiKeyId && { apiKeyId }),
      ...(priority && { priority }),
    })),
  );
  return Promise.all(
    wishes.map(({ creatorId: _, apiKeyId: __, priority: ___, holdUsd, ...terms }, index) =>
      intent(ledger, jobs[index] as RunningJob, holdUsd, terms),
    ),
  );
}

/** Calls that have been opened in one batch, each of a job of its own: as many as there are wishes. */
export async function openCalls<const Wishes extends readonly CallWish[]>(
  database: Database,
  ledger: Ledger,
  wishes: Wishes,
): Promise<{ [Index in keyof Wishes]: CallIntent }> {
  const calls = await intents(database, ledger, wishes);
  for (const { kind } of await Promise.all(calls.map((call) => ledger.openCall(call)))) {
    if (kind !== "open") throw new Error(`not opened: ${kind}`);
  }
  return calls as { [Index in keyof Wishes]: CallIntent };
}

/** Of gemini-2.5-flash, by a name that it may have as well. */
export async function flashPrice(ledger: Ledger, tier: "standard" | "priority" = "standard") {
  const price = await ledger.prices.priceOf("models/gemini-2.5-flash-001", tier, new Date());
  if (!price) throw new Error("no price");
  return price;
}

/** An answer that costs so much: output tokens of gemini-2.5-flash, at $2.50 a million, and a prompt that costs as three do. */
export function answered(usd: string) {
  const candidatesTokenCount = Math.max(0, new Money(usd).times(400_000).toNumber() - 3);
  return {
    kind: "answered",
    usage: { promptTokenCount: 25, candidatesTokenCount },
    serviceTier: "standard",
    provider: "emulator",
  } as const;
}

/** Statements of this database that wait for another's lock. */
export async function waitingForLocks({ prisma }: Database): Promise<number> {
  const rows = await prisma.$queryRaw<unknown[]>`
    SELECT "pid" FROM "pg_stat_activity" WHERE "datname" = current_database() AND "wait_event_type" = 'Lock'`;
  return rows.length;
}
