import type { RequestHandler } from "express";
import { overloaded } from "./problem-error.ts";

/**
 * How much CPU, in ms, one turn of the event loop may have used before what else comes in it is refused. So long others, health
 * checks too, wait for the turn's end. Of the process' own: what else the machine does is no reason to refuse.
 */
const turnMsMax = 500;

/** Asked by what must learn that this process lives; answered whatever there is to do. */
const health = new Set(["/healthz", "/readyz"]);

/**
 * Refuses what comes when there is more to do than can be done: what is begun then would only make all wait, until those
 * who ask whether the process lives take it for dead. What was begun is ended.
 */
export function shedLoad(): RequestHandler {
  let turn: { beganAt: number; cpu: NodeJS.CpuUsage } | undefined;

  /** Whether this turn takes too long already, since the first request that came in it. */
  function isTooLong(): boolean {
    if (turn === undefined) {
      turn = { beganAt: performance.now(), cpu: process.cpuUsage() };
      setImmediate(() => {
        turn = undefined;
      });
      return false;
    }
    if (performance.now() - turn.beganAt <= turnMsMax) return false;
    const { user, system } = process.cpuUsage(turn.cpu);
    return (user + system) / 1_000 > turnMsMax;
  }

  return (request, _response, next) => {
    if (isTooLong() && !health.has(request.path)) throw overloaded();
    next();
  };
}
