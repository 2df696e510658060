import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "../logger.ts";
import type { RunningService } from "../run-service.ts";
import { placeVariable } from "./parent-process.ts";
import { type Answers, Questions } from "./questions.ts";

/** Before a dead process is started anew, doubled with each that dies soon. */
const pauseMs = { first: 500, max: 30_000 };

/** Who lives so long has not died of its start. */
const settledMs = 60_000;

/** One process of an app, as its parent has it. */
interface Child {
  number: number;
  worker: Worker;
  questions: Questions;
  /** What it said when it was ready. */
  details?: RunningService["details"];
}

/** How a process ended, or why it could not begin. */
interface End {
  code?: number | null;
  signal?: string | null;
  err?: unknown;
}

/** The processes in which an app runs, as their parent has them. */
export interface Processes extends RunningService {
  ready: Promise<void>;
  /** Asks each that is ready. @returns by an id that no other process has had; undefined where one does not answer in time */
  ask(question: string, timeoutMs: number): Promise<Map<number, unknown>>;
  /** Whether each is there and has become ready. */
  areAllReady(): boolean;
  /** Answers any of them from now on. */
  answer(question: string, answer: () => unknown): void;
}

/**
 * Runs this program in several processes, which share the ports that they listen on, and starts anew those that die.
 * One that can't start at first fails them all; none outlives this one.
 */
export function startProcesses(count: number, logger: Logger): Processes {
  const children = new Map<number, Child>();
  const answers: Answers = new Map();
  const pauses = new Set<NodeJS.Timeout>();
  let isStopping = false;
  let areBegun = false;
  let onReady = () => {};
  let onFault = (_fault: Error) => {};
  const ready = new Promise<void>((resolve, reject) => {
    [onReady, onFault] = [resolve, reject];
  });
  const areAllReady = () => children.size === count && [...children.values()].every(({ details }) => details);

  function begin(number: number, deaths: number): void {
    const worker = cluster.fork({ [placeVariable]: String(number) });
    const child: Child = { number, worker, questions: new Questions(worker, answers) };
    children.set(number, child);
    const since = performance.now();
    worker.on("message", (message: { ready?: RunningService["details"] }) => {
      if (!message.ready) return;
      child.details = message.ready;
      if (!areAllReady()) return;
      areBegun = true;
      onReady();
    });
    worker.once("error", (err) => end({ err }));
    worker.once("exit", (code, signal) => end({ code, signal }));

    function end(how: End): void {
      if (children.get(number) !== child) return;
      children.delete(number);
      if (isStopping) return;
      if (!areBegun) {
        onFault(new Error(`Process ${number} could not start.`));
        return;
      }
      const deathsSoon = performance.now() - since < settledMs ? deaths + 1 : 1;
      const againMs = Math.min(pauseMs.first * 2 ** (deathsSoon - 1), pauseMs.max);
      logger.warn({ process: number, ...how, againMs }, "a process has died, and is started anew");
      const pause = setTimeout(() => {
        pauses.delete(pause);
        begin(number, deathsSoon);
      }, againMs);
      pauses.add(pause);
    }
  }

  // Told twice to stop, or out of time: nothing is left behind.
  process.once("exit", () => {
    for (const { worker } of children.values()) worker.process.kill("SIGKILL");
  });
  for (let number = 1; number <= count; number++) begin(number, 0);

  return {
    get details() {
      return { ...children.get(1)?.details, processes: count };
    },
    ready,
    areAllReady,
    answer: (question, answer) => void answers.set(question, answer),
    async ask(question, timeoutMs) {
      const living = [...children.values()].filter(({ details }) => details);
      const asked = living.map(
        async ({ worker, questions }) => [worker.id, await questions.ask(question, timeoutMs)] as const,
      );
      return new Map(await Promise.all(asked));
    },
    async stop() {
      isStopping = true;
      for (const pause of pauses) clearTimeout(pause);
      const ends = await Promise.all([...children.values()].map(({ worker }) => stopInOrder(worker)));
      if (ends.some((code) => code !== 0)) throw new Error("A process did not stop in order.");
    },
  };
}

/** Not by a signal: at a terminal it has had one, and a second would end it at once. @returns its exit code */
async function stopInOrder(worker: Worker): Promise<number | null> {
  const exited = once(worker, "exit");
  worker.send({ stop: "the parent stops" }, () => {});
  const [code] = await exited;
  return code;
}
