import type { RequestHandler } from "express";
import { overloaded } from "./problem-error.ts";

/** How long requests may be begun in one turn of the event loop: so long others, health checks too, wait at most. */
const turnMsMax = 200;

/** How late a timer may be, by which it is seen that a turn is long for another reason. */
const lagMsMax = 500;
const lookMs = 100;

/** Asked by what must learn that this process lives; answered whatever there is to do. */
const health = new Set(["/healthz", "/readyz"]);

/**
 * Refuses what comes when there is more to do than can be done: what is begun then would only make all wait, until those
 * who ask whether the process lives take it for dead. What was begun is ended.
 */
export function shedLoad(): RequestHandler {
  let turnBeganAt: number | undefined;
  let lagMs = 0;
  let lookedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    lagMs = now - lookedAt - lookMs;
    lookedAt = now;
  }, lookMs).unref();

  /** How long this turn takes already, since the first request that came in it. */
  function turnMs(): number {
    const now = performance.now();
    if (turnBeganAt === undefined) {
      turnBeganAt = now;
      setImmediate(() => {
        turnBeganAt = undefined;
      });
    }
    return now - turnBeganAt;
  }

  return (request, _response, next) => {
    const isTooMuch = turnMs() > turnMsMax || lagMs > lagMsMax;
    if (isTooMuch && !health.has(request.path)) throw overloaded();
    next();
  };
}
