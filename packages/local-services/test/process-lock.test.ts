import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { acquireProcessLock, lockHolder } from "../src/process-lock.ts";
import { identify, ownIdentity } from "../src/processes.ts";

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
    // The shell's child ends at once, and the program that takes the shell's place never reaps it.
    const parent = spawn("/bin/sh", ["-c", "true & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    const isZombie = () =>
      spawnSync("ps", ["-o", "stat=", "-p", String(pid)])
        .stdout.toString()
        .startsWith("Z");
    while (!isZombie()) await new Promise(setImmediate);
    expect(identify(pid)).toBeUndefined();
    parent.kill("SIGKILL");
    await once(parent, "exit");
  });
});
