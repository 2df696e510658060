import { setTimeout as sleep } from "node:timers/promises";
import type { InvariantsWatch } from "@understudy/testkit";
import type { FaultyWorld } from "./faults/fault-kind.ts";
import { faultOf } from "./faults/faults.ts";
import { lineOf, type Schedule, type ScheduledFault } from "./schedule.ts";
import { processesOf } from "./topologies.ts";
import type { Trace } from "./trace.ts";

/** What came of a schedule. */
interface Injected {
  faults: number;
  /** Share of the time in which what has to be done by a time was watched: else nobody could have done it. */
  watchedShare: number;
  /** Times, in ms since 1970, in which answers of the provider may have been lost. */
  mayLose: { from: number; until: number }[];
}

/**
 * Brings the schedule about. Faults that meet at one target wait for each other.
 * @param over aborts when none is to begin any more, and all are to end
 */
export async function injectAll(
  { schedule, trace, say }: { schedule: Schedule; trace: Trace; say: (line: string) => void },
  world: Omit<FaultyWorld, "disable" | "mayLose"> & Pick<InvariantsWatch, "noteAway" | "noteBack">,
  over: AbortSignal,
): Promise<Injected> {
  const startedAt = performance.now();
  const disabled = new Disabled(processesOf(world.topology).workers, world);
  const mayLose: Injected["mayLose"] = [];
  const faulty: FaultyWorld = {
    ...world,
    disable: (name) => disabled.add(name),
    mayLose() {
      // A worker that ends takes with it what it could not write down before.
      const time = { from: disabled.since(), until: Number.POSITIVE_INFINITY };
      mayLose.push(time);
      return () => {
        time.until = Date.now();
      };
    },
  };
  /** Of each target: until it is free. */
  const turns = new Map<string, Promise<void>>();
  let faults = 0;

  async function inject(scheduled: ScheduledFault): Promise<void> {
    const { atMs, parameters } = scheduled;
    const fault = faultOf(scheduled.fault);
    await sleep(atMs, undefined, { signal: over }).catch(() => {});
    const target = fault.target(parameters);
    const turn = (turns.get(target) ?? Promise.resolve()).then(async () => {
      if (over.aborted) return trace.note("left_out", scheduled);
      trace.note("begin", scheduled);
      say(lineOf(scheduled));
      const isDone = await fault.inject(faulty, parameters, over);
      if (isDone) faults += 1;
      trace.note(isDone ? "end" : "missed", scheduled);
    });
    turns.set(target, turn);
    await turn;
  }

  await Promise.all(schedule.map(inject));
  const watchedShare = 1 - disabled.awayMs() / (performance.now() - startedAt);
  return { faults, watchedShare, mayLose };
}

/** Tells the watch when nobody can do what is to be done: a service is away, or no worker can work. */
class Disabled {
  readonly #workers: readonly string[];
  readonly #watch: Pick<InvariantsWatch, "noteAway" | "noteBack">;
  readonly #under: { name: string; since: number }[] = [];
  #awaySince: number | undefined;
  #awayMs = 0;

  constructor(workers: readonly string[], watch: Pick<InvariantsWatch, "noteAway" | "noteBack">) {
    this.#workers = workers;
    this.#watch = watch;
  }

  /** @param name of a process, or "all" @returns takes it back */
  add(name: string): () => void {
    const one = { name, since: Date.now() };
    this.#under.push(one);
    this.#tell();
    return () => {
      this.#under.splice(this.#under.indexOf(one), 1);
      this.#tell();
    };
  }

  /** When what is disabled now began to be, the first of all; in ms since 1970. */
  since(): number {
    return Math.min(Date.now(), ...this.#under.map((one) => one.since));
  }

  awayMs(): number {
    return this.#awayMs + (this.#awaySince === undefined ? 0 : performance.now() - this.#awaySince);
  }

  #tell(): void {
    const names = this.#under.map(({ name }) => name);
    const isAway = names.includes("all") || this.#workers.every((name) => names.includes(name));
    if (isAway === (this.#awaySince !== undefined)) return;
    if (isAway) this.#watch.noteAway();
    else this.#watch.noteBack();
    this.#awayMs = this.awayMs();
    this.#awaySince = isAway ? performance.now() : undefined;
  }
}
