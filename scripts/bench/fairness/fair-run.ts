import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "@understudy/database";
import { startRedis } from "@understudy/local-services";
import { temporaryDirectory } from "@understudy/testkit";
import { type BenchRun, withEnds } from "../bench-run.ts";
import { forkPeer } from "../peer-process.ts";
import { connectedProducer, type FairCreator, type Feeder, fill, openFeeder } from "./feeder.ts";
import { type Design, startsNote } from "./worker-messages.ts";

/** What one run lets a design do. */
export interface FairLoad {
  design: Design;
  /** Worker processes. */
  processes: number;
  /** Jobs that wait before the first worker starts, of each of these creators. */
  waiting?: { creators: readonly FairCreator[]; count: number };
  /** Creators whose jobs come one by one while the workers run. */
  light?: readonly FairCreator[];
  /** How long they come, and how long what starts counts. */
  seconds: number;
}

export interface FairOutcome {
  /** How often BullMQ handed a job to a worker, and how many jobs started for it. */
  picks: number;
  starts: number;
  /** From add to start, ascending. What had not started in the end has waited until then, at the least. */
  lightWaitsMs: number[];
  /** While light jobs came that count: of all creators, and of one. */
  startsPerSecond: number;
  startsPerSecondOf(creatorId: string): number;
  /** Of accepting everything and of running it, until the last light job came. */
  redisCpuSeconds: number;
}

/** Jobs at once in each worker process. */
const concurrency = 32;
const jobMs = 20;
/** Of all light creators together. */
const lightPerSecond = 20;
/** Light jobs that come so early are not counted: V8 compiles what is hot meanwhile. */
const warmUpSeconds = 2;
/** Where hot jobs hold up light ones for longer, they have waited so long. */
const patienceSeconds = 60;

/** The creators' bucket where it binds: 20 jobs/s, 20 at once. */
export const bound = { ratePerHour: 72_000, burst: 20 };

/** One design under one load, on a Redis of its own. */
export function fairRun(run: BenchRun, load: FairLoad): Promise<FairOutcome> {
  return withEnds(run, async (run) => {
    const redisUrl = await startFairRedis(run);
    const redis = await connectedProducer(redisUrl);
    run.atEnd(async () => redis.disconnect());
    const feeder = await openFeeder(load.design, redisUrl);
    run.atEnd(feeder.close);
    if (load.waiting) await fill(feeder, load.waiting.creators, load.waiting.count, run.signal);

    const heard = new Heard();
    const given = {
      redisUrl,
      design: load.design,
      jobMs,
      concurrency,
      interval: 3_600_000 / bound.ratePerHour,
    };
    await Promise.all(
      Array.from({ length: load.processes }, async () => {
        const { child } = await forkPeer(run, "fair-worker", { ...given, burst: bound.burst });
        child.on("message", (message) => heard.take(message));
      }),
    );
    const countsFrom = clock() + warmUpSeconds * 1000;
    const endsAt = countsFrom + load.seconds * 1000;
    const addedAt = await addLight(run, feeder, load.light ?? [], endsAt);
    const redisCpuSeconds = await cpuSeconds(redis);
    await untilStarted(run, heard, [...addedAt.keys()]);
    return outcomeOf(heard, addedAt, { countsFrom, endsAt, redisCpuSeconds });
  });
}

/** A Redis as durable as in production. @returns its URL */
export async function startFairRedis(run: Pick<BenchRun, "atEnd">): Promise<string> {
  const directory = await temporaryDirectory();
  run.atEnd(directory.remove);
  const redis = await startRedis({ directory: `${directory.path}/redis`, endWithOwner: true });
  run.atEnd(redis.remove);
  return redis.url;
}

/** What Redis has used of the processor so far. */
export async function cpuSeconds(redis: { info(section: string): Promise<string> }): Promise<number> {
  const info = await redis.info("cpu");
  return ["used_cpu_sys", "used_cpu_user"].reduce(
    (sum, field) => sum + Number(new RegExp(`^${field}:(\\S+)`, "m").exec(info)?.[1]),
    0,
  );
}

/** What all worker processes have told. */
class Heard {
  picks = 0;
  readonly startedAt = new Map<string, { creatorId: string; at: number }>();

  take(message: unknown): void {
    const { picks, starts } = startsNote.parse(message);
    this.picks += picks;
    for (const [jobId, creatorId, at] of starts) {
      if (!this.startedAt.has(jobId)) this.startedAt.set(jobId, { creatorId, at });
    }
  }
}

/** Adds jobs of light creators in turn, at random times, until `endsAt`. @returns when each was added */
async function addLight(
  { signal }: BenchRun,
  feeder: Feeder,
  creators: readonly FairCreator[],
  endsAt: number,
): Promise<Map<string, number>> {
  const addedAt = new Map<string, number>();
  const adding: Promise<void>[] = [];
  let next = clock();
  for (let turn = 0; ; turn++) {
    next += (-Math.log(1 - Math.random()) / lightPerSecond) * 1000;
    await sleep(Math.max(0, Math.min(next, endsAt) - clock()), undefined, { signal });
    if (next >= endsAt) break;
    const creator = creators[turn % creators.length];
    if (!creator) continue;
    const id = newId("job");
    addedAt.set(id, clock());
    adding.push(feeder.add([{ id, creator }]));
  }
  await Promise.all(adding);
  return addedAt;
}

async function untilStarted({ signal }: BenchRun, heard: Heard, ids: readonly string[]): Promise<void> {
  const patientUntil = clock() + patienceSeconds * 1000;
  while (clock() < patientUntil && ids.some((id) => !heard.startedAt.has(id))) {
    await sleep(50, undefined, { signal });
  }
}

function outcomeOf(
  { picks, startedAt }: Heard,
  addedAt: ReadonlyMap<string, number>,
  { countsFrom, endsAt, redisCpuSeconds }: { countsFrom: number; endsAt: number; redisCpuSeconds: number },
): FairOutcome {
  const end = clock();
  const all = [...startedAt.values()];
  const counted = all.filter(({ at }) => at >= countsFrom && at < endsAt);
  const seconds = (endsAt - countsFrom) / 1000;
  return {
    picks,
    starts: all.length,
    lightWaitsMs: [...addedAt]
      .filter(([, at]) => at >= countsFrom)
      .map(([id, at]) => (startedAt.get(id)?.at ?? end) - at)
      .sort((a, b) => a - b),
    startsPerSecond: counted.length / seconds,
    startsPerSecondOf: (creatorId) =>
      counted.filter((start) => start.creatorId === creatorId).length / seconds,
    redisCpuSeconds,
  };
}

/** ms since 1970, with fractions: the same in all processes of this machine. */
function clock(): number {
  return performance.timeOrigin + performance.now();
}
