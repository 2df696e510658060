import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "@understudy/contracts";
import { eventually } from "@understudy/testkit";
import type { FreshClone } from "./fresh-clone.ts";
import type { NpmRun } from "./npm-run.ts";

/** What `npm start` started in a clone and keeps up. */
export interface RunningInstance {
  run: NpmRun;
  launcherPid: number;
  url: string;
  emulatorUrl: string;
  /** Its worker now; another one after a kill. */
  workerPid(): number;
  /** A request with the clone's admin key. @throws for an answer that is none of 2xx */
  request(method: "GET" | "POST", path: string, body?: object): Promise<unknown>;
  /** Rows of the ledger that began since then, 1,000 at most. */
  callsSince(from: Date): Promise<Call[]>;
  /** Tells the emulator how to answer; see `apps/gemini-emulator`. */
  rule(rule: object): Promise<void>;
  /** From now on the emulator answers as it does by itself. */
  dropRules(): Promise<void>;
}

/** `npm start`, up to where it says that it is up. */
export async function startInstance(clone: FreshClone): Promise<RunningInstance> {
  const run = clone.npm(["start"]);
  await run.printed(/Up\. Ctrl-C stops it\./);
  const { pid, url, emulatorUrl } = JSON.parse(readState(clone, "instance.json")) as {
    pid: number;
    url: string;
    emulatorUrl: string;
  };
  const adminKey = readState(clone, "admin-key").trim();

  async function request(method: string, target: string, body?: object): Promise<unknown> {
    const response = await fetch(target, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  return {
    run,
    launcherPid: pid,
    url,
    emulatorUrl,
    workerPid() {
      const worker = clone
        .processes()
        .find(({ parentPid, command }) => parentPid === pid && command.includes("/worker.mjs"));
      if (!worker) throw new Error("The launcher has no worker.");
      return worker.pid;
    },
    request: async (method, path, body) => await request(method, url + path, body),
    async callsSince(from) {
      const path = `/api/ai/admin/calls?limit=1000&from=${from.toISOString()}`;
      return ((await request("GET", url + path)) as { items: Call[] }).items;
    },
    rule: async (rule) => void (await request("POST", `${emulatorUrl}/_emulator/rules`, rule)),
    dropRules: async () => void (await request("DELETE", `${emulatorUrl}/_emulator/rules`)),
  };
}

/** A file of the clone's state. */
export function readState(clone: FreshClone, name: string): string {
  return readFileSync(join(clone.directory, ".understudy", name), "utf8");
}

/** Waits until so many calls of a replay are over, and so many are under way. */
export async function untilInTheMiddle(
  instance: RunningInstance,
  since: Date,
  { settled, open }: { settled: number; open: number },
): Promise<void> {
  await eventually(async () => {
    const calls = await instance.callsSince(since);
    const count = (status: Call["status"]) => calls.filter((call) => call.status === status).length;
    if (count("settled") >= settled && count("started") >= open) return;
    throw new Error(`${count("settled")} calls are settled and ${count("started")} are open.`);
  }, 60_000);
}
