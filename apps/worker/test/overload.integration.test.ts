import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually, type ServiceProcess } from "@understudy/testkit";
import { countBy, ends, rest, stack, start, submitMany } from "./fault-run.ts";

const jobCount = 100;

/** Lets a process run for a fifth of the time alone, as on a machine that has far too much to do. */
function starve({ pid, signal }: ServiceProcess): () => void {
  let next: NodeJS.Timeout;
  const pause = () => {
    signal("SIGSTOP");
    next = setTimeout(run, 800);
  };
  const run = () => {
    const until = cpuTicks(pid).used + 20;
    signal("SIGCONT");
    next = setTimeout(pauseAfter, 200, until);
  };
  // What else this machine does meanwhile must not make it less: a turn ends when it was used, or nothing is to be done.
  const pauseAfter = (until: number) => {
    const { used, waits } = cpuTicks(pid);
    if (waits || used >= until) pause();
    else next = setTimeout(pauseAfter, 10, until);
  };
  pause();
  return () => {
    clearTimeout(next);
    signal("SIGCONT");
  };
}

/** What a process has used of a processor, in hundredths of a second, and whether it waits for something else than one. */
function cpuTicks(pid: number): { used: number; waits: boolean } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { used: Number(fields[10]) + Number(fields[11]), waits: state === "S" };
}

describe("a worker that hardly gets a turn", () => {
  it("keeps its jobs: with no fault nothing runs twice, beside a worker that would take them", async () => {
    await start({ workers: 1, environment: { WORKER_ATTEMPT_SECONDS: "60" } });
    // Calls are under way for longer than the lease of a dead worker lasts.
    await stack.rule({ match: {}, respond: { delayMs: 10_000 }, times: jobCount });
    const ids = await submitMany(jobCount);
    await eventually(async () => expect(await countBy({ status: "running" })).toBeGreaterThan(20));
    const [worker] = stack.workers as [ServiceProcess];
    const feed = starve(worker);
    try {
      await stack.addWorker();
      await rest();
    } finally {
      feed();
    }
    expect(await ends()).toEqual({ completed: jobCount });
    // Where it lost any, its log says why.
    const kept = await countBy({ attempt: 1, crashes: 0 });
    if (kept !== jobCount) throw new Error(`It kept ${kept} of ${jobCount}:\n${worker.output()}`);
    expect(await stack.database.prisma.usageLog.count()).toBe(jobCount);
    await assertInvariants(stack, ids);
  });
});
