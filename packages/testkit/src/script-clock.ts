import type { Redis } from "ioredis";

const asksForTime = "redis.call('TIME')";

/**
 * A clock that Lua scripts and `time()` are told in place of Redis' own. It stands still until a test moves it: so tests
 * stand exactly at an edge, and hours pass at once. Keys expire by Redis' own clock all the same.
 */
export class ScriptClock {
  /** ms since 1970, to the µs. */
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  /** @param redis before any script is defined on it */
  setOn(redis: Redis): void {
    redis.defineCommand = (name, { lua, numberOfKeys = 0 }) => {
      if (!lua.includes(asksForTime)) throw new Error(`The script ${name} does not ask for the time.`);
      const run = (...keysAndArguments: (string | number)[]) =>
        redis.eval(lua.replaceAll(asksForTime, this.#asLua()), numberOfKeys, ...keysAndArguments);
      Object.assign(redis, { [name]: run });
    };
    const multi = redis.multi.bind(redis);
    Object.assign(redis, {
      time: () => redis.eval(`return ${this.#asLua()}`, 0),
      multi: () => {
        const commands = multi();
        return Object.assign(commands, { time: () => commands.eval(`return ${this.#asLua()}`, 0) });
      },
    });
  }

  /** As `TIME` answers: seconds and µs, as texts. */
  #asLua(): string {
    const seconds = Math.floor(this.now / 1000);
    return `{ '${seconds}', '${Math.round((this.now - seconds * 1000) * 1000)}' }`;
  }
}
