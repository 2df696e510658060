import { type Database, loadStatement } from "@understudy/database";
import { type Backlog, type Dispatcher, readLaneEntry } from "@understudy/queues";

const figuresStatement = loadStatement(new URL("./platform-figures.sql", import.meta.url));
const startableSinceStatement = loadStatement(new URL("./startable-since.sql", import.meta.url));

/** A row of platform-figures.sql. */
export interface PlatformFigures {
  waitingForQuota: number;
  waitingForSpending: number;
  undispatched: number;
  running: number;
  openCalls: number;
  pausedCreators: string[];
  spendingStopped: boolean;
  /** Of this UTC month, exact. */
  spentUsd: string;
  heldUsd: string;
  unknownUsd: string;
  outbox: number;
  outboxSeconds: number;
  deliveries: number;
  endpoints: Partial<Record<string, number>>;
  /** Of the last 24 hours, by type. */
  alerts: Partial<Record<string, number>>;
  untoldAlerts: number;
}

/** What Postgres knows. @throws where it is away */
export async function readPlatformFigures(database: Database): Promise<PlatformFigures> {
  const [figures] = await database.execute<PlatformFigures>(figuresStatement);
  if (!figures) throw new Error("platform-figures.sql has no row.");
  return figures;
}

/** What a worker could start now, and why the rest of what is queued waits. */
export interface WaitingJobs {
  /** Jobs that a worker could start now. */
  admissible: number;
  /** For how long the longest of them could have been started. */
  admissibleSeconds: number;
  /** Jobs in lanes, by agent. */
  inLanes: ReadonlyMap<string, number>;
  inQueues: Backlog["queues"];
  /** Why jobs wait; those that can be started now wait for a worker. */
  byCause: Record<"token" | "quota" | "provider" | "worker" | "time" | "paused", number>;
}

/** @throws where Redis or Postgres is away */
export async function readWaitingJobs(
  database: Database,
  dispatcher: Dispatcher,
  figures: PlatformFigures,
): Promise<WaitingJobs> {
  const backlog = await dispatcher.backlog(figures.pausedCreators);
  const inLanes = sumOf(backlog.waiting.values());
  const depths = [...backlog.queues.values()];
  const admissible = backlog.startable + sumOf(depths.map(({ waiting }) => waiting));
  return {
    admissible,
    admissibleSeconds: admissible === 0 ? 0 : await secondsStartable(database, backlog),
    inLanes: backlog.waiting,
    inQueues: backlog.queues,
    byCause: {
      // Not one look, so what moved meanwhile may be missed or seen twice: never less than none.
      token: Math.max(0, inLanes - backlog.startable - backlog.paused),
      quota: figures.waitingForQuota,
      provider: sumOf(depths.map(({ delayed }) => delayed)),
      worker: admissible,
      time: backlog.timed,
      paused: backlog.paused + figures.waitingForSpending,
    },
  };
}

function sumOf(counts: Iterable<number>): number {
  return [...counts].reduce((sum, count) => sum + count, 0);
}

async function secondsStartable(database: Database, { heads, releasedSeconds }: Backlog): Promise<number> {
  const items = heads.map(({ entry, tokenSeconds }) => ({ id: readLaneEntry(entry).id, tokenSeconds }));
  const [row] =
    items.length === 0 ? [] : await database.execute<{ seconds: number }>(startableSinceStatement, items);
  return Math.max(0, row?.seconds ?? 0, releasedSeconds);
}
