import type { RequestHandler } from "express";
import { overloaded } from "./problem-error.ts";

/**
 * How long one turn of the event loop may take, in ms, before what else comes in it is refused. So long others, health checks
 * too, wait for the turn's end.
 */
const turnMsMax = 500;

/** How often it is looked how much CPU this process has used: what else the machine does is no reason to refuse. */
const lookMs = 100;

/** Asked by what must learn that this process lives; answered whatever there is to do. */
const health = new Set(["/healthz", "/readyz"]);

/**
 * Refuses what comes when there is more to do than can be done: what is begun then would only make all wait, until those
 * who ask whether the process lives take it for dead. What was begun is ended.
 */
export function shedLoad(): RequestHandler {
  let turnBeganAt: number | undefined;
  let used = process.cpuUsage();
  setInterval(() => {
    used = process.cpuUsage();
  }, lookMs).unref();

  /** Whether this turn takes too long already, since the first request that came in it. */
  function isTooLong(): boolean {
    const now = performance.now();
    if (turnBeganAt === undefined) {
      turnBeganAt = now;
      setImmediate(() => {
        turnBeganAt = undefined;
      });
    }
    if (now - turnBeganAt <= turnMsMax) return false;
    // Looked at before the turn: in it no timer runs.
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1_000 > turnMsMax;
  }

  return (request, _response, next) => {
    if (isTooLong() && !health.has(request.path)) throw overloaded();
    next();
  };
}
