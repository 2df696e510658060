import cluster from "node:cluster";
import { type Answers, Questions } from "./questions.ts";

/** Tells a child which of its siblings it is. */
export const placeVariable = "UNDERSTUDY_PROCESS";

/** The parent of a process that is one of several of an app, as that process has it. */
export interface ParentProcess {
  /** This process' own number, from 1; one that is started anew has that of the dead. */
  number: number;
  /** @returns undefined where it does not answer in time */
  ask(question: string, timeoutMs: number): Promise<unknown>;
  /** Answers the parent from now on. */
  answer(question: string, answer: () => unknown): void;
}

/** The parent of this process; undefined where it is not one of several. */
export function parentProcess(environment: Record<string, string | undefined>): ParentProcess | undefined {
  if (!cluster.worker) return undefined;
  // Else Node ends this process at once when its parent is gone, whatever is under way; runService stops it.
  cluster.worker.exitedAfterDisconnect = true;
  const answers: Answers = new Map();
  const questions = new Questions(process, answers);
  return {
    number: Number(environment[placeVariable]),
    ask: (question, timeoutMs) => questions.ask(question, timeoutMs),
    answer: (question, answer) => void answers.set(question, answer),
  };
}
