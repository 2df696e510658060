import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { LocalServiceError, startRedis, waitUntil } from "../src/index.ts";
import { createCleaner, occupy, passwordOf, processList, withRedis } from "./service-fixtures.ts";

const cleaner = createCleaner();
afterEach(async () => await cleaner.clean(), 60_000);

describe("startRedis", () => {
  it("keeps its data over a stop and lets nobody in without the password", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.redis({ directory });
    await withRedis(first.url, async (redis) => await redis.set("answer", "42"));
    const withoutPassword = `redis://127.0.0.1:${first.port}`;
    await expect(withRedis(withoutPassword, async (redis) => await redis.get("answer"))).rejects.toThrow(
      /NOAUTH/,
    );
    expect(statSync(join(directory, "password")).mode & 0o777).toBe(0o600);
    await first.stop();

    const second = await cleaner.redis({ directory });
    expect(second.url).toBe(first.url);
    expect(await withRedis(second.url, async (redis) => await redis.get("answer"))).toBe("42");
  }, 60_000);

  it("never evicts, binds to 127.0.0.1 and shows its password in no process list", async () => {
    const { url } = await cleaner.redis({ directory: cleaner.directory(), settings: { maxmemory: "64mb" } });
    expect(processList()).not.toContain(passwordOf(url));
    const settings = await withRedis(url, async (redis) => await redis.config("GET", "bind", "maxmemory*"));
    expect(settings).toEqual(
      expect.arrayContaining([
        "maxmemory-policy",
        "noeviction",
        "maxmemory",
        "67108864",
        "bind",
        "127.0.0.1",
      ]),
    );
  }, 60_000);

  it("begins empty each time where it is not persistent", async () => {
    const server = await cleaner.redis({ directory: cleaner.directory(), persistent: false });
    await withRedis(server.url, async (redis) => await redis.set("answer", "42"));
    await server.restart();
    expect(await withRedis(server.url, async (redis) => await redis.get("answer"))).toBeNull();
  }, 60_000);

  it("comes back after a kill, and tells of a death that nobody asked for", async () => {
    const ends: string[] = [];
    const server = await cleaner.redis({
      directory: cleaner.directory(),
      settings: { appendfsync: "always" },
      onUnexpectedEnd: (how) => ends.push(how),
    });
    await withRedis(server.url, async (redis) => await redis.set("answer", "42"));
    await server.kill();
    await server.restart();
    expect(await withRedis(server.url, async (redis) => await redis.get("answer"))).toBe("42");
    expect(ends).toEqual([]);
    process.kill(server.pid(), "SIGKILL");
    await waitUntil(() => ends.length > 0, 10_000);
    expect(ends).toEqual(["SIGKILL"]);
  }, 60_000);

  it("puts damaged data aside and begins empty", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.redis({ directory });
    await withRedis(first.url, async (redis) => await redis.set("answer", "42"));
    await first.stop();
    const manifest = join(first.dataDirectory, "appendonlydir", "appendonly.aof.manifest");
    const name = /file (\S+incr\S+)/.exec(readFileSync(manifest, "utf8"))?.[1] ?? "";
    writeFileSync(join(first.dataDirectory, "appendonlydir", name), "this is no command\r\n");
    const notes: string[] = [];
    const second = await cleaner.redis({ directory, onProgress: (line) => notes.push(line) });
    expect(await withRedis(second.url, async (redis) => await redis.get("answer"))).toBeNull();
    expect(notes.join()).toContain("put aside");
  }, 60_000);

  it("takes the next free port", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.redis({ directory });
    await first.stop();
    const occupant = await occupy(first.port);
    const second = await cleaner.redis({ directory, port: first.port });
    expect(second.port).toBeGreaterThan(first.port);
    await new Promise((resolve) => occupant.close(resolve));
  }, 60_000);

  it("leaves alone a process that merely has the pid of a Redis that is gone", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.redis({ directory });
    await first.stop();
    const stranger = await cleaner.redis({ directory: cleaner.directory(), port: first.port });
    writeFileSync(join(directory, "redis.pid"), String(stranger.pid()));
    writeFileSync(join(directory, "port"), String(stranger.port));
    const second = await cleaner.redis({ directory });
    expect(stranger.isRunning()).toBe(true);
    expect(second.port).not.toBe(stranger.port);
  }, 60_000);

  it("refuses a directory that a living process uses", async () => {
    const directory = cleaner.directory();
    await cleaner.redis({ directory });
    await expect(startRedis({ directory })).rejects.toThrow(LocalServiceError);
  }, 60_000);

  it("says in one line why it does not start", async () => {
    const starting = startRedis({ directory: cleaner.directory(), settings: { maxmemory: "a lot" } });
    await expect(starting).rejects.toThrow(/^Redis does not start: .*\(log: .*\)$/);
  }, 60_000);
});
