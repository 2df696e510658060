import { type Database, newId } from "@understudy/database";
import type { JobEnd } from "@understudy/ledger";
import { eventually, newClaim } from "@understudy/testkit";
import { openStrictSuiteDatabase, type StrictSuiteDatabase } from "@understudy/testkit/suite";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import {
  type ClaimedJob,
  claimJobs,
  createJobs,
  holdLease,
  type JobRecord,
  type NewJob,
  type PutOff,
  putOffJob,
  takeOverJobs,
} from "../src/index.ts";

/** What tests count their seconds from: in the middle of a day and of a month, wherever one is. */
const noon = Date.parse("2026-11-15T12:00:00Z");

/** So many seconds after the noon from which tests count. */
export function time(seconds: number): Date {
  return new Date(noon + seconds * 1000);
}

/** What a test's event is, where nobody looks at it. */
const anyEnd = { status: "completed", result: {} } as const;

/** Jobs in a strict database of the test file's own, whose clock stands at noon to begin with. */
export class JobDatabase {
  readonly url: string;
  readonly database: Database;
  readonly setTime: (at: Date | string) => Promise<void>;

  private constructor({ url, database, setTime }: StrictSuiteDatabase) {
    this.url = url;
    this.database = database;
    this.setTime = setTime;
  }

  static async open(): Promise<JobDatabase> {
    const suite = await openStrictSuiteDatabase(6);
    await suite.setTime(time(0));
    return new JobDatabase(suite);
  }

  /** Takes away all jobs and creators, and sets the clock to noon. Calls are never deleted: none may have been made. */
  async clear(): Promise<void> {
    const { prisma } = this.database;
    await this.at(0);
    await prisma.outbox.deleteMany();
    await prisma.job.deleteMany();
    await prisma.account.deleteMany();
    await prisma.creator.deleteMany();
  }

  /** Lets the clock stand so many seconds after noon. */
  at(seconds: number): Promise<void> {
    return this.setTime(time(seconds));
  }

  /** Has jobs written down, all at once. @returns what became of each */
  create(jobs: readonly Partial<NewJob>[]): Promise<JobRecord[]> {
    return createJobs(
      this.database,
      jobs.map((job) => ({ ...plainJob(), ...job })),
    );
  }

  /** @returns the id of a job that was written down */
  async job(options: Partial<NewJob> = {}): Promise<string> {
    const [record] = await this.create([options]);
    if (!record?.createdAt) throw new Error("The job was not written down.");
    return record.id;
  }

  /** Begins an attempt of a job, under the generation that it has. */
  async claim(id: string, timeoutSeconds = 60): Promise<ClaimedJob> {
    const { generation } = await this.row(id);
    const [job] = await claimJobs(this.database, [newClaim(id, { generation, timeoutSeconds })]);
    if (!job) throw new Error("The job could not be claimed.");
    return job;
  }

  /** Gives a job back that an attempt has. @returns false where that was fenced off */
  putOff(id: string, attempt: number, wait: Partial<PutOff> = {}): Promise<boolean> {
    const usual = { waitingFor: "worker", delayMs: 0, isTry: false } as const;
    return putOffJob(this.database, { ...usual, ...wait, id, attempt } as PutOff);
  }

  /** Takes a job from its worker, as if that had died. */
  async takeOver(id: string): Promise<void> {
    await this.database.prisma.job.update({ where: { id }, data: { workerId: "worker_dead" } });
    // The others live.
    await holdLease(this.database, { name: "worker_test", holder: "worker_test" }, 1_000_000);
    await takeOverJobs(this.database, 1_000_000, 1_000);
  }

  /** Ends the attempt that a job is in. */
  async finish(id: string, end: Partial<JobEnd> = anyEnd): Promise<void> {
    const { attempt } = await this.row(id);
    const [ended] = await endJobs(this.database, [
      { ...anyEnd, id, attempt, eventId: newId("evt"), ...(end.status !== "completed" && failure), ...end },
    ]);
    if (!ended) throw new Error("The job could not be ended.");
  }

  row(id: string) {
    return this.database.prisma.job.findUniqueOrThrow({ where: { id }, include: { outbox: true } });
  }

  rows(ids: readonly string[]) {
    return Promise.all(ids.map((id) => this.row(id)));
  }

  /**
   * What another gets that comes while a transaction is open: it comes, waits where it must, and goes on when that is
   * committed.
   * @param open what the transaction does before, @param then and after the other has come
   */
  async during<Result>(
    open: (database: Database) => Promise<unknown>,
    comes: () => Promise<Result>,
    then: (database: Database) => Promise<unknown> = async () => {},
  ): Promise<Result> {
    let coming: Promise<Result> | undefined;
    await this.database.transaction(async (execute) => {
      await open({ ...this.database, execute });
      coming = comes();
      await this.#waits(coming);
      await then({ ...this.database, execute });
    });
    return coming as Promise<Result>;
  }

  /** The same of what must not wait for it. @throws where it does */
  async beside<Result>(
    open: (database: Database) => Promise<unknown>,
    comes: () => Promise<Result>,
  ): Promise<Result> {
    return this.database.transaction(async (execute) => {
      await open({ ...this.database, execute });
      const coming = comes();
      if (await this.#waits(coming)) throw new Error("It waits for another's lock.");
      return coming;
    });
  }

  /** @returns true once somebody waits for a lock, false where it ends without */
  async #waits(coming: Promise<unknown>): Promise<boolean> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    coming.then(end, end);
    return eventually(async () => {
      if (isOver) return false;
      const waiting = await this.database.prisma.$queryRaw<unknown[]>`
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`;
      if (waiting.length === 0) throw new Error("It neither waits nor ends.");
      return true;
    });
  }
}

const failure = { result: undefined, errorCode: "agent_error", errorMessage: "No.", errorRetryable: true };

/** A job as `create` makes it where nothing else is asked for. */
export function plainJob(): NewJob {
  return {
    id: newId("job"),
    agent: "test",
    creatorId: "psy",
    createCreator: true,
    feature: "test",
    model: "m",
    input: { prompt: "hi" },
    priority: 1,
    inputBytes: 2,
    requiredUsd: "0",
  };
}
