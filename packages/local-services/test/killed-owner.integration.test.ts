import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "@jest/globals";
import { identify, waitUntil, withChildren } from "../src/index.ts";
import { createCleaner, query, withRedis } from "./service-fixtures.ts";

interface Service {
  url: string;
  port: number;
  pid: number;
}

const cleaner = createCleaner();
afterEach(async () => await cleaner.clean(), 60_000);

interface Services {
  postgres: Service;
  redis: Service;
}

/**
 * Starts both services under another process and kills that one.
 * @param before what happens to them before that
 */
async function leaveOrphans(
  directory: string,
  args: "endWithOwner"[] = [],
  before: (services: Services) => void = () => {},
): Promise<Services> {
  const owner = fork(fileURLToPath(new URL("./owner.ts", import.meta.url)), [directory, ...args], {
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [services] = (await once(owner, "message")) as [Services];
  await query(services.postgres.url, "CREATE TABLE IF NOT EXISTS t AS SELECT 42 AS answer");
  await withRedis(services.redis.url, async (redis) => await redis.set("answer", "42"));
  before(services);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  return services;
}

function isAlive(pid: number): boolean {
  return identify(pid) !== undefined;
}

describe("after a kill -9 of their owner", () => {
  it.each(["running", "frozen"])(
    "%s services are ended and started anew with their data",
    async (state) => {
      const directory = cleaner.directory();
      const orphans = await leaveOrphans(directory);
      const pids = [orphans.postgres.pid, orphans.redis.pid];
      expect(pids.map(isAlive)).toEqual([true, true]);
      if (state === "frozen") for (const pid of pids) process.kill(pid, "SIGSTOP");

      const postgres = await cleaner.postgres({ directory: join(directory, "postgres") });
      const redis = await cleaner.redis({ directory: join(directory, "redis") });
      expect([postgres.pid(), redis.pid()]).not.toEqual(pids);
      expect(postgres.url).toBe(orphans.postgres.url);
      expect(redis.url).toBe(orphans.redis.url);
      expect(await query(postgres.url, "SELECT answer FROM t")).toEqual([{ answer: 42 }]);
      expect(await withRedis(redis.url, async (client) => await client.get("answer"))).toBe("42");
    },
    120_000,
  );

  it.each(["running", "frozen"])(
    "%s services that are to end with it do so",
    async (state) => {
      const directory = cleaner.directory();
      let pids: number[] = [];
      await leaveOrphans(directory, ["endWithOwner"], ({ postgres, redis }) => {
        pids = [...withChildren(postgres.pid), redis.pid];
        if (state === "frozen") for (const pid of pids) process.kill(pid, "SIGSTOP");
      });
      expect(await waitUntil(() => !pids.some(isAlive), 20_000)).toBe(true);
      // Takes the data's place, to remove it.
      await cleaner.postgres({ directory: join(directory, "postgres") });
    },
    120_000,
  );

  it("services that died as well are started anew", async () => {
    const directory = cleaner.directory();
    const orphans = await leaveOrphans(directory);
    for (const { pid } of [orphans.postgres, orphans.redis]) process.kill(pid, "SIGKILL");
    const postgres = await cleaner.postgres({ directory: join(directory, "postgres") });
    const redis = await cleaner.redis({ directory: join(directory, "redis") });
    expect(await query(postgres.url, "SELECT answer FROM t")).toEqual([{ answer: 42 }]);
    expect(await withRedis(redis.url, async (client) => await client.ping())).toBe("PONG");
  }, 120_000);
});
