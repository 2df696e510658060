import { jobPoints } from "@understudy/telemetry";
import fc from "fast-check";
import type { SupervisedProcess } from "../supervised-process.ts";
import { disabling, type FaultyWorld, kind, pause, processOf, shortMs, workerOf } from "./fault-kind.ts";

/** Half of them longer than a worker's lease: others take over what it has, and it comes back to that. */
const frozenMs = fc.oneof(fc.integer({ min: 200, max: 6_000 }), fc.integer({ min: 9_000, max: 20_000 }));

const pointOf = fc.constantFrom(...jobPoints);
const nth = fc.integer({ min: 1, max: 8 });

export const processFaults = {
  kill: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), downMs: shortMs }),
    target: ({ process }) => process,
    inject: (world, { process, downMs }, signal) =>
      ifRunning(world, process, (one) => {
        world.noteKill();
        return down(world, process, () => one.kill(), downMs, signal);
      }),
  }),
  "kill-at": kind({
    group: "processes",
    parameters: (topology) =>
      fc.record({ process: workerOf(topology), point: pointOf, nth, downMs: shortMs }),
    target: ({ process }) => process,
    inject: (world, { process, point, nth, downMs }, signal) =>
      ifRunning(world, process, async (one) => {
        await one.killAt(point, nth, signal);
        world.noteKill();
        return await down(world, process, async () => {}, downMs, signal);
      }),
  }),
  freeze: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), ms: frozenMs }),
    target: ({ process }) => process,
    inject: (world, { process, ms }, signal) =>
      ifRunning(world, process, (one) => {
        one.signal("SIGSTOP");
        return frozen(world, process, ms, signal);
      }),
  }),
  "freeze-at": kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: workerOf(topology), point: pointOf, nth, ms: frozenMs }),
    target: ({ process }) => process,
    inject: (world, { process, point, nth, ms }, signal) =>
      ifRunning(world, process, async (one) => {
        await one.freezeAt(point, nth, signal);
        return await frozen(world, process, ms, signal);
      }),
  }),
  restart: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), downMs: shortMs }),
    target: ({ process }) => process,
    inject: (world, { process, downMs }, signal) =>
      ifRunning(world, process, (one) => {
        const stop = async () => {
          const fault = await one.stop();
          if (fault !== undefined) world.onViolation(`X: ${fault}`);
        };
        return down(world, process, stop, downMs, signal);
      }),
  }),
};

/** Does it to a process that runs. */
async function ifRunning(
  world: FaultyWorld,
  name: string,
  inject: (one: SupervisedProcess) => Promise<true>,
): Promise<boolean> {
  const one = world.process(name);
  return one.isRunning() && (await inject(one));
}

/** Ends a process, and starts it again after a while. */
async function down(
  world: FaultyWorld,
  name: string,
  end: () => Promise<void>,
  downMs: number,
  signal: AbortSignal,
): Promise<true> {
  const certainAgain = world.mayLose();
  await disabling(world, name, async () => {
    await end();
    await pause(downMs, signal);
    await world.process(name).start();
  });
  certainAgain();
  return true;
}

/** Lets a process that is stopped go on after a while. */
async function frozen(world: FaultyWorld, name: string, ms: number, signal: AbortSignal): Promise<true> {
  const certainAgain = world.mayLose();
  await disabling(world, name, async () => {
    await pause(ms, signal);
    await world.process(name).thaw();
  });
  certainAgain();
  return true;
}
