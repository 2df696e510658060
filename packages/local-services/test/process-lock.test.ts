import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { acquireProcessLock, lockHolder } from "../src/process-lock.ts";
import { identify, ownIdentity } from "../src/processes.ts";
import { waitUntil } from "../src/wait-until.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "process-lock-"));
  path = join(directory, "lock");
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("acquireProcessLock", () => {
  it("takes a free lock and gives it back", () => {
    const lock = acquireProcessLock(path);
    expect(lockHolder(path)?.pid).toBe(process.pid);
    if ("release" in lock) lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it("names the living process that holds it", async () => {
    const holder = spawn("sleep", ["60"]);
    await once(holder, "spawn");
    writeFileSync(path, JSON.stringify(identify(holder.pid ?? 0)));
    expect(acquireProcessLock(path)).toMatchObject({ heldBy: { pid: holder.pid } });
    holder.kill("SIGKILL");
    await once(holder, "exit");
    expect(acquireProcessLock(path)).toHaveProperty("release");
  });

  it("takes over the lock of a process whose pid has another one now", () => {
    writeFileSync(path, JSON.stringify({ ...ownIdentity(), startedAt: "an earlier life" }));
    expect(acquireProcessLock(path)).toHaveProperty("release");
  });

  it.each(["", "{", '{"pid": 1}'])("takes over one that says nothing: %j", (content) => {
    writeFileSync(path, content);
    expect(acquireProcessLock(path)).toHaveProperty("release");
  });

  it("does not take a zombie for alive", async () => {
    // The child reads until we close its input; by then the shell has become a program that never reaps it.
    const parent = spawn("/bin/sh", ["-c", "cat <&3 >/dev/null & echo $!; exec sleep 60 3<&-"], {
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    const [line] = (await once(parent.stdio[1] as Readable, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(identify(pid)).toBeDefined();
    expect(await waitUntil(() => ps(parent.pid, "comm") === "sleep", 10_000)).toBe(true);
    (parent.stdio[3] as Writable).end();
    expect(await waitUntil(() => ps(pid, "stat").startsWith("Z"), 10_000)).toBe(true);
    expect(identify(pid)).toBeUndefined();
    parent.kill("SIGKILL");
    await once(parent, "exit");
  });
});

function ps(pid: number | undefined, column: string): string {
  return spawnSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
}
