import { randomUUID } from "node:crypto";
import type { DispatchableJob } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { dispatchAbsent, jobsToDispatch, markDispatched, queuedJobs } from "@understudy/jobs";
import { raiseAlert } from "@understudy/ledger";
import {
  type Dispatcher,
  evictionPolicy,
  hurryCharges,
  redisIncarnation,
  scheduleCharges,
} from "@understudy/queues";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

const pageSize = 1_000;

/** So many at once: other steps are to have their turn, and a worker that stops its own. The rest follow a second later. */
const pagesMax = 20;

/** Younger jobs are most likely on their way from the API to Redis, or it has not noted yet that they stand there. */
const onTheirWaySeconds = 3;

/**
 * `filled` names the run of Redis that is known to hold every queued job; `filling` the filling that is under way. A wipe takes
 * both, so that what was filled before it is not taken for done.
 */
const filledKey = "understudy:filled";

/**
 * Jobs whose time has come: put off until now, taken from a dead worker, accepted while Redis was away, or by an API that died
 * before it had dispatched them.
 */
export async function dispatchUndispatched({
  database,
  dispatcher,
}: Pick<ReconcilerDependencies, "database" | "dispatcher">): Promise<void> {
  let before: string | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const jobs = await jobsToDispatch(database, onTheirWaySeconds, pageSize);
    await dispatchAndMark(database, dispatcher, jobs);
    // The same again: another's transaction has them, and they can't be noted.
    if (jobs.length < pageSize || jobs[0]?.id === before) return;
    before = jobs[0]?.id;
  }
}

/** How far a filling has come: all jobs up to this id. */
const fillings = new WeakMap<object, { name: string; upTo: string; count: number }>();

/**
 * After a restart or a wipe of Redis anything may be missing there: all queued jobs are added again, which
 * changes nothing where they stand already; and the ticks that close months are scheduled again. One that evicts keys is told of.
 */
export async function refillRedis({
  database,
  dispatcher,
  charges,
  redis,
  logger,
}: ReconcilerDependencies): Promise<void> {
  const incarnation = await redisIncarnation(redis);
  const [filled, filling] = await redis.hmget(filledKey, "filled", "filling");
  if (filled === incarnation) return;
  let progress = fillings.get(redis);
  if (!progress || progress.name !== filling) {
    await checkEviction(database, redis, incarnation, logger);
    progress = { name: `${incarnation} ${randomUUID()}`, upTo: "", count: 0 };
    await redis.hset(filledKey, "filling", progress.name);
    fillings.set(redis, progress);
  }
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = await queuedJobs(database, progress.upTo, pageSize);
    await dispatchAndMark(database, dispatcher, page);
    progress.upTo = page.at(-1)?.id ?? progress.upTo;
    progress.count += page.length;
    if (page.length === pageSize) continue;
    await scheduleCharges(charges);
    fillings.delete(redis);
    if ((await redis.eval(endFilling, 1, filledKey, progress.name, incarnation)) === 0) return;
    logger.info({ jobs: progress.count }, "Redis is new or was wiped: dispatched all queued jobs again");
    return;
  }
}

/** Notes that a run of Redis is filled, unless the filling was wiped away meanwhile. */
const endFilling = `
if redis.call('HGET', KEYS[1], 'filling') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('HSET', KEYS[1], 'filled', ARGV[2])`;

/** Of the queued jobs so many are looked for each second, one page after the other. */
const lookedForAtOnce = 200;

/** After which job to look on. */
const lookedForUpTo = new WeakMap<object, string>();

/**
 * Queued jobs that are noted as standing in Redis, and do not: an API had a socket yet to a Redis that was not the one any more, or
 * one came back without the last that it was told. They are dispatched under a new generation. Few at once: what happens often (a
 * restart, a wipe) is found otherwise.
 */
export async function findAbsent({
  database,
  dispatcher,
  redis,
  logger,
}: Pick<ReconcilerDependencies, "database" | "dispatcher" | "redis" | "logger">): Promise<void> {
  const page = await queuedJobs(database, lookedForUpTo.get(redis) ?? "", lookedForAtOnce);
  lookedForUpTo.set(redis, page.length < lookedForAtOnce ? "" : (page.at(-1)?.id ?? ""));
  const absent = await dispatcher.absent(page);
  if (absent.length === 0) return;
  const again = await dispatchAbsent(database, absent, onTheirWaySeconds);
  if (again.length > 0)
    logger.warn({ jobs: again.length }, "queued jobs stood nowhere, and are dispatched anew");
}

/** The ticks that close months come, whatever the wall clock of the worker that set the next one. */
export async function hurryTicks({ charges }: ReconcilerDependencies): Promise<void> {
  await hurryCharges(charges);
}

async function checkEviction(
  database: Database,
  redis: ReconcilerDependencies["redis"],
  incarnation: string,
  logger: ReconcilerDependencies["logger"],
): Promise<void> {
  const policy = await evictionPolicy(redis);
  if (policy === "noeviction") return;
  logger.error({ policy }, "Redis throws keys away when it is full: set maxmemory-policy to noeviction");
  await raiseAlert(database, { type: "redis_evicts", creatorId: null, data: { policy } }, incarnation);
}

/** Puts jobs into Redis and notes that they stand there. */
export async function dispatchAndMark(
  database: Database,
  dispatcher: Dispatcher,
  jobs: readonly DispatchableJob[],
): Promise<void> {
  if (jobs.length === 0) return;
  await dispatcher.dispatch(jobs);
  await markDispatched(database, jobs);
}

/** Dispatches jobs of this process when their time has come. Best effort: the reconciler finds what is left. */
export class DueDispatch {
  readonly #dependencies: { database: Database; dispatcher: Dispatcher };
  readonly #timers = new Set<NodeJS.Timeout>();
  #isRunning = false;
  #isAsked = false;

  constructor(dependencies: { database: Database; dispatcher: Dispatcher }) {
    this.#dependencies = dependencies;
  }

  /** One is due in so long. */
  wakeIn(ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#run();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #run(): Promise<void> {
    this.#isAsked = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isAsked) {
      this.#isAsked = false;
      await dispatchUndispatched(this.#dependencies).catch(() => {});
    }
    this.#isRunning = false;
  }
}
