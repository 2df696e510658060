import {
  type RunningPostgres,
  type RunningRedis,
  startPostgres,
  startRedis,
} from "@understudy/local-services";
import { places } from "./places.ts";
import { createReviver } from "./revive.ts";
import type { Part } from "./supervise.ts";

export interface StartedService {
  part: Part;
  url: string;
  port: number;
}

/** A private Postgres that is started again, on the same port, should it die. @throws LocalServiceError */
export async function startPrivatePostgres(
  note: (line: string) => void,
  giveUp: () => void,
): Promise<StartedService> {
  const reviver = createReviver("Postgres", async () => await postgres.restart(), giveUp);
  const postgres: RunningPostgres = await startPostgres({
    directory: places.postgres,
    onProgress: note,
    onUnexpectedEnd: (how) => void reviver.died(how),
  });
  // SIGQUIT is Postgres' immediate shutdown: what was committed is safe, the next start recovers.
  return { part: partOf("Postgres", postgres, reviver, "SIGQUIT"), url: postgres.url, port: postgres.port };
}

/** A private Redis that is started again, on the same port, should it die. @throws LocalServiceError */
export async function startPrivateRedis(
  note: (line: string) => void,
  giveUp: () => void,
): Promise<StartedService> {
  const reviver = createReviver("Redis", async () => await redis.restart(), giveUp);
  const redis: RunningRedis = await startRedis({
    directory: places.redis,
    onProgress: note,
    onUnexpectedEnd: (how) => void reviver.died(how),
  });
  return { part: partOf("Redis", redis, reviver, "SIGKILL"), url: redis.url, port: redis.port };
}

function partOf(
  name: string,
  service: RunningPostgres | RunningRedis,
  reviver: { cease(): void },
  hurrySignal: NodeJS.Signals,
): Part {
  return {
    name,
    async stop() {
      reviver.cease();
      await service.stop();
    },
    hurry() {
      reviver.cease();
      if (service.isRunning()) process.kill(service.pid(), hurrySignal);
    },
  };
}
