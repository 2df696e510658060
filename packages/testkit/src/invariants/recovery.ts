import { loadStatement } from "@understudy/database";
import type { World } from "./world.ts";

const runningNow = loadStatement(new URL("./running-now.sql", import.meta.url));

/** Jobs of a killed worker run again so soon, given a live one and live services. */
const killMsMax = 15_000;

/** After a failover so long until a job begins or ends. */
const failoverMsMax = 30_000;

/** A slot that is free for so long is one that waiting jobs should have. */
const freeMsMin = 3_000;

interface RunningNow {
  running: { id: string; attempt: number; workerId: string }[];
  workers: string[];
  jobs: { id: string; attempt: number; status: string; isFree: boolean }[];
  ended: number;
  attempts: number;
  hasWork: boolean;
}

interface Kill {
  /** Since then a live worker could have taken over; undefined until one is seen. */
  since: number | undefined;
  /** What ran when it was noted: those of workers that live are none of its business. */
  ran: Map<string, { attempt: number; workerId: string }>;
}

interface Failover {
  /** Since then services answer again. */
  since: number | undefined;
  before?: { ended: number; attempts: number };
}

/** I: what a kill or a failover has interrupted goes on in time. Times are ms of a steady clock. */
export class RecoveryWatch {
  #kills: Kill[] = [];
  #failovers: Failover[] = [];
  #running: RunningNow["running"] = [];
  /** The most that a worker was seen to run at once: with fewer than half of that it has free slots. */
  readonly #runMost = new Map<string, number>();
  #freeSince: number | undefined;
  #killMs = 0;
  #failoverMs = 0;

  /** The longest that jobs of killed workers, and everything after a failover, took to go on. */
  get longestMs(): { kill: number; failover: number } {
    return { kill: Math.round(this.#killMs), failover: Math.round(this.#failoverMs) };
  }

  /** Workers are being killed: what ran on those that turn out to be dead must run again. */
  noteKill(): void {
    const ran = new Map(this.#running.map(({ id, ...attempt }) => [id, attempt]));
    this.#kills.push({ since: undefined, ran });
  }

  /** Another server has taken a service's place. */
  noteFailover(): void {
    this.#failovers.push({ since: undefined });
  }

  /** Services are away: nobody can recover, and the time begins anew when they are back. */
  forget(): void {
    for (const kill of this.#kills) kill.since = undefined;
    for (const failover of this.#failovers) failover.since = undefined;
  }

  async look(world: Pick<World, "database">, now: number): Promise<string[]> {
    const ids = this.#kills.flatMap(({ ran }) => [...ran.keys()]);
    const [state] = await world.database.execute<RunningNow>(runningNow, [
      { ids, isCounting: this.#failovers.length > 0 },
    ]);
    if (!state) return [];
    this.#running = state.running;
    const hasFreeSlot = this.#hasFreeSlot(state, now);
    const faults: string[] = [];
    this.#kills = this.#kills.filter((kill) => {
      const late = this.#judgeKill(kill, state, hasFreeSlot, now);
      faults.push(...late);
      return late.length === 0 && kill.ran.size > 0;
    });
    this.#failovers = this.#failovers.filter((failover) => {
      const verdict = this.#judgeFailover(failover, state, now);
      if (verdict === "late")
        faults.push(`I: nothing began or ended within ${failoverMsMax / 1_000} s of a failover`);
      return verdict === "waits";
    });
    return faults;
  }

  #judgeKill(kill: Kill, state: RunningNow, hasFreeSlot: boolean, now: number): string[] {
    const open = new Map(state.jobs.map((job) => [job.id, job]));
    const live = new Set(state.workers);
    if (live.size === 0) kill.since = undefined;
    else kill.since ??= now;
    const ms = now - (kill.since ?? now);
    for (const [id, { attempt, workerId }] of kill.ran) {
      const job = open.get(id);
      // It has ended, runs again, waits for something else, or its worker was not killed after all.
      const isOver = !job?.isFree || (job.status === "running" && job.attempt > attempt);
      if (isOver || (ms > killMsMax && live.has(workerId))) kill.ran.delete(id);
      else if (!live.has(workerId)) this.#killMs = Math.max(this.#killMs, ms);
    }
    if (ms <= killMsMax) return [];
    return (
      [...kill.ran]
        .map(([id, attempt]) => ({ id, ...attempt, status: open.get(id)?.status }))
        // Where all workers are busy it waits for its turn.
        .filter(({ status }) => status === "running" || hasFreeSlot)
        .map(
          ({ id, attempt, workerId, status }) =>
            `I: ${id} is ${status} ${killMsMax / 1_000} s after its attempt ${attempt} was killed with ${workerId}`,
        )
    );
  }

  #judgeFailover(failover: Failover, { ended, attempts, hasWork, workers }: RunningNow, now: number) {
    const before = failover.before;
    failover.before ??= { ended, attempts };
    if (!before || failover.since === undefined || !hasWork || workers.length === 0) {
      failover.since = now;
      return "waits" as const;
    }
    const ms = now - failover.since;
    if (ended + attempts !== before.ended + before.attempts) {
      this.#failoverMs = Math.max(this.#failoverMs, ms);
      return "recovered" as const;
    }
    return ms > failoverMsMax ? ("late" as const) : ("waits" as const);
  }

  #hasFreeSlot({ running, workers }: RunningNow, now: number): boolean {
    const counts = new Map<string, number>();
    for (const { workerId } of running) counts.set(workerId, (counts.get(workerId) ?? 0) + 1);
    for (const [workerId, count] of counts)
      this.#runMost.set(workerId, Math.max(count, this.#runMost.get(workerId) ?? 0));
    const isFree = workers.some((id) => (counts.get(id) ?? 0) < (this.#runMost.get(id) ?? 0) / 2);
    this.#freeSince = isFree ? (this.#freeSince ?? now) : undefined;
    return this.#freeSince !== undefined && now - this.#freeSince > freeMsMin;
  }
}
