import { setTimeout as sleep } from "node:timers/promises";
import type { InvariantsWatch } from "@understudy/testkit";
import { type FaultyWorld, faultOf } from "./faults.ts";
import { lineOf, type Schedule, type ScheduledFault } from "./schedule.ts";
import { processesOf } from "./topologies.ts";
import type { Trace } from "./trace.ts";

/**
 * Brings the schedule about. Faults that meet at one target wait for each other.
 * @param over aborts when none is to begin any more, and all are to end
 * @returns how many there were
 */
export async function injectAll(
  { schedule, trace, say }: { schedule: Schedule; trace: Trace; say: (line: string) => void },
  world: Omit<FaultyWorld, "isUnder"> & Pick<InvariantsWatch, "noteAway" | "noteBack">,
  over: AbortSignal,
): Promise<number> {
  const disabled = new Disabled(processesOf(world.topology).workers, world);
  const under = new Set<string>();
  const faulty: FaultyWorld = { ...world, isUnder: (target) => under.has(target) };
  /** Of each target: until it is free. */
  const turns = new Map<string, Promise<void>>();
  let count = 0;

  async function inject(scheduled: ScheduledFault): Promise<void> {
    const { atMs, parameters } = scheduled;
    const fault = faultOf(scheduled.fault);
    await sleep(atMs, undefined, { signal: over }).catch(() => {});
    const target = fault.target(parameters);
    const turn = (turns.get(target) ?? Promise.resolve()).then(async () => {
      if (over.aborted) return trace.note("left_out", scheduled);
      trace.note("begin", scheduled);
      say(lineOf(scheduled));
      count += 1;
      under.add(target);
      const enable = disabled.add(fault.disables?.(parameters));
      await fault.inject(faulty, parameters, over);
      enable();
      under.delete(target);
      trace.note("end", scheduled);
    });
    turns.set(target, turn);
    await turn;
  }

  await Promise.all(schedule.map(inject));
  return count;
}

/** Tells the watch when nobody can do what has to be done in time: a service is away, or no worker can work. */
class Disabled {
  readonly #workers: readonly string[];
  readonly #watch: Pick<InvariantsWatch, "noteAway" | "noteBack">;
  readonly #names: string[] = [];

  constructor(workers: readonly string[], watch: Pick<InvariantsWatch, "noteAway" | "noteBack">) {
    this.#workers = workers;
    this.#watch = watch;
  }

  /** @param name of a process, or "all" @returns takes it back */
  add(name: string | undefined): () => void {
    if (name === undefined) return () => {};
    this.#names.push(name);
    this.#tell();
    return () => {
      this.#names.splice(this.#names.indexOf(name), 1);
      this.#tell();
    };
  }

  #tell(): void {
    const isAway = this.#names.includes("all") || this.#workers.every((name) => this.#names.includes(name));
    if (isAway) this.#watch.noteAway();
    else this.#watch.noteBack();
  }
}
