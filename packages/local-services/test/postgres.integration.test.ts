import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { LocalServiceError, startPostgres, waitUntil } from "../src/index.ts";
import { createCleaner, occupy, passwordOf, processList, query } from "./service-fixtures.ts";

const cleaner = createCleaner();
afterEach(async () => await cleaner.clean(), 60_000);

const isRoot = userInfo().uid === 0;
if (!isRoot) console.log("Skipped: closed folders (only root cannot run Postgres as itself).");

const unsafeButFast = { fsync: "off" };

describe("startPostgres", () => {
  it("starts durable, keeps its data over a stop, and lets nobody in without the password", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.postgres({ directory });
    expect(await query(first.url, "SHOW fsync")).toEqual([{ fsync: "on" }]);
    await query(first.url, "CREATE TABLE t AS SELECT 42 AS answer");
    const withoutPassword = first.url.replace(passwordOf(first.url), "wrong");
    await expect(query(withoutPassword, "SELECT 1")).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(directory, "password")).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(first.isRunning()).toBe(false);

    const second = await cleaner.postgres({ directory });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "SELECT answer FROM t")).toEqual([{ answer: 42 }]);
  }, 60_000);

  it("shows its password in no process list, and listens on 127.0.0.1 alone", async () => {
    const { url } = await cleaner.postgres({ directory: cleaner.directory(), settings: unsafeButFast });
    expect(processList()).not.toContain(passwordOf(url));
    const rows = await query(
      url,
      "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories') ORDER BY 1",
    );
    expect(rows).toEqual([
      { name: "listen_addresses", setting: "127.0.0.1" },
      { name: "unix_socket_directories", setting: "" },
    ]);
  }, 60_000);

  it("comes back after a kill with what was committed, and tells of a death that nobody asked for", async () => {
    const ends: string[] = [];
    const onUnexpectedEnd = (how: string) => ends.push(how);
    const server = await cleaner.postgres({ directory: cleaner.directory(), onUnexpectedEnd });
    await query(server.url, "CREATE TABLE t AS SELECT 1 AS kept");
    await server.kill();
    await server.restart("immediate");
    expect(await query(server.url, "SELECT kept FROM t")).toEqual([{ kept: 1 }]);
    expect(ends).toEqual([]);

    process.kill(server.pid(), "SIGKILL");
    await waitUntil(() => ends.length > 0, 10_000);
    expect(ends).toEqual(["SIGKILL"]);
    await server.restart();
    expect(await query(server.url, "SELECT kept FROM t")).toEqual([{ kept: 1 }]);
  }, 60_000);

  it("follows another as its replica, takes no writes until it is promoted, and shows no password", async () => {
    const primary = await cleaner.postgres({ directory: cleaner.directory(), settings: unsafeButFast });
    await query(primary.url, "CREATE TABLE t AS SELECT 1 AS n");
    const directory = cleaner.directory();
    const replica = await cleaner.postgres({ directory, settings: unsafeButFast, replicaOf: primary });
    await query(primary.url, "INSERT INTO t VALUES (2)");
    const sum = () => query(replica.url, "SELECT sum(n)::int FROM t");
    const follows = waitUntil(async () => JSON.stringify(await sum()) === '[{"sum":3}]', 20_000);
    expect(await follows).toBe(true);
    await expect(query(replica.url, "INSERT INTO t VALUES (3)")).rejects.toThrow("read-only transaction");
    expect(processList()).not.toContain(passwordOf(primary.url));
    await primary.kill();
    await query(replica.url, "SELECT pg_promote()");
    await query(replica.url, "INSERT INTO t VALUES (3)");
    expect(await sum()).toEqual([{ sum: 6 }]);
  }, 60_000);

  it("takes the next free port, and goes back to its own when it is free", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.postgres({ directory, settings: unsafeButFast });
    await first.stop();
    const occupant = await occupy(first.port);
    const second = await cleaner.postgres({ directory, port: first.port, settings: unsafeButFast });
    expect(second.port).toBeGreaterThan(first.port);
    await new Promise((resolve) => occupant.close(resolve));
  }, 60_000);

  it("is not held up by a lock file whose pid is another program's by now", async () => {
    const directory = cleaner.directory();
    const first = await cleaner.postgres({ directory, settings: unsafeButFast });
    const lockFile = join(first.dataDirectory, "postmaster.pid");
    await first.kill();
    const [, ...rest] = readFileSync(lockFile, "utf8").split("\n");
    await first.stop();
    const stranger = await cleaner.postgres({ directory: cleaner.directory(), settings: unsafeButFast });
    // Of the same user, so that a signal would reach it.
    writeFileSync(lockFile, [stranger.pid(), ...rest].join("\n"));
    const second = await cleaner.postgres({ directory, settings: unsafeButFast });
    expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(stranger.isRunning()).toBe(true);
  }, 60_000);

  it("refuses a directory that a living process uses", async () => {
    const directory = cleaner.directory();
    await cleaner.postgres({ directory, settings: unsafeButFast });
    await expect(startPostgres({ directory })).rejects.toThrow(LocalServiceError);
    await expect(startPostgres({ directory })).rejects.toThrow(`in use by process ${process.pid}`);
  }, 60_000);

  it("runs two at once in different directories", async () => {
    const servers = await Promise.all(
      [1, 2].map(
        async () => await cleaner.postgres({ directory: cleaner.directory(), settings: unsafeButFast }),
      ),
    );
    expect(new Set(servers.map(({ port }) => port)).size).toBe(2);
    for (const { url } of servers) expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  }, 60_000);

  it("says in one line why it does not start", async () => {
    const directory = cleaner.directory();
    // Nobody is there to take away data that lie outside.
    chmodSync(directory, 0o755);
    const starting = startPostgres({ directory, settings: { max_connections: "none" } });
    await expect(starting).rejects.toThrow(/^Postgres does not start: .*max_connections.*\(log: .*\)$/);
  }, 60_000);

  (isRoot ? describe : describe.skip)("in a folder that only root may enter", () => {
    it("keeps its data outside, and takes them away with it", async () => {
      const directory = cleaner.directory();
      const server = await cleaner.postgres({ directory, settings: unsafeButFast });
      expect(server.dataDirectory.startsWith(directory)).toBe(false);
      await server.remove();
      expect(existsSync(server.dataDirectory)).toBe(false);
      expect(existsSync(directory)).toBe(false);
    }, 60_000);

    it("takes away what a killed test left outside once its folder is gone", async () => {
      const directory = cleaner.directory();
      const abandoned = await cleaner.postgres({
        directory: join(directory, "old"),
        settings: unsafeButFast,
      });
      await abandoned.stop();
      rmSync(join(directory, "old"), { recursive: true });
      expect(existsSync(abandoned.dataDirectory)).toBe(true);
      await cleaner.postgres({ directory: join(directory, "new"), settings: unsafeButFast });
      expect(existsSync(abandoned.dataDirectory)).toBe(false);
    }, 60_000);

    it("finds its data again when the folder was moved", async () => {
      const directory = cleaner.directory();
      const first = await cleaner.postgres({ directory: join(directory, "old"), settings: unsafeButFast });
      await query(first.url, "CREATE TABLE t AS SELECT 7 AS kept");
      await first.stop();
      renameSync(join(directory, "old"), join(directory, "new"));
      const second = await cleaner.postgres({ directory: join(directory, "new"), settings: unsafeButFast });
      expect(await query(second.url, "SELECT kept FROM t")).toEqual([{ kept: 7 }]);
    }, 60_000);

    it("takes along data from when the folder was open", async () => {
      const directory = cleaner.directory();
      chmodSync(directory, 0o755);
      const first = await cleaner.postgres({ directory: join(directory, "pg"), settings: unsafeButFast });
      expect(first.dataDirectory.startsWith(directory)).toBe(true);
      await query(first.url, "CREATE TABLE t AS SELECT 8 AS kept");
      await first.stop();
      chmodSync(directory, 0o700);
      const second = await cleaner.postgres({ directory: join(directory, "pg"), settings: unsafeButFast });
      expect(await query(second.url, "SELECT kept FROM t")).toEqual([{ kept: 8 }]);
    }, 60_000);
  });
});
