import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { startSuspectRunner } from "../src/suspects/suspect-runner.ts";
import { AttemptFakes } from "./attempt-fakes.ts";

const [, program = ""] = process.argv;
const { execArgv } = process;

let directory: string;
let waiting: number;
let live: string[];
let blamed: string[];
/** Since when this process has heard from Postgres. */
let heldSeconds: number;
let fakes: AttemptFakes;
let runner: ReturnType<typeof startSuspectRunner> | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-suspects-"));
  [waiting, live, blamed, fakes, runner] = [1, ["worker_child"], [], new AttemptFakes(), undefined];
  heldSeconds = 1_000;
});

afterEach(async () => {
  await runner?.stop();
  process.argv[1] = program;
  process.execArgv = execArgv;
  rmSync(directory, { recursive: true, force: true });
});

/** Runs suspects by a program that does this once it is ready. */
function start(doing: string): void {
  const file = join(directory, "suspects.mjs");
  writeFileSync(
    file,
    `import { appendFileSync } from "node:fs";
     process.on("SIGTERM", () => process.exit(0));
     process.on("disconnect", () => process.exit(0));
     process.send({ ready: { workerId: "worker_child" } }, () => {
       appendFileSync(${JSON.stringify(join(directory, "begun"))}, "x");
       ${doing}
     });
     setInterval(() => {}, 1_000);`,
  );
  [process.argv[1], process.execArgv] = [file, []];
  const execute = async ({ name }: { name: string }, items: { limit?: number; workerId?: string }[] = []) => {
    if (name === "suspects")
      return Array.from({ length: Math.min(waiting, items[0]?.limit ?? 0) }, () => ({}));
    if (name === "live-leases") return live.map((each) => ({ name: each }));
    blamed.push(items[0]?.workerId ?? "");
    return [{ id: "job_1" }];
  };
  const lease = { heldSeconds: () => heldSeconds };
  runner = startSuspectRunner({
    database: { execute } as unknown as Database,
    lease,
    logger: fakes.logger(),
  });
}

const hasBegun = () => eventually(() => expect(existsSync(join(directory, "begun"))).toBe(true));
const said = () => fakes.logged.map(([, message]) => message);

describe("a process that runs suspects", () => {
  it("is blamed for its own death alone: by a signal, or with an exit code", async () => {
    start("setTimeout(() => { throw new Error(); })");
    await eventually(() => expect(blamed).toEqual(["worker_child"]));
    expect(said()).toContain("a process for suspects has died");
    expect(said()).toContain("a job has killed the process that it ran in alone");
  });

  it("is blamed on nobody where it ends by itself, with nothing left to do", async () => {
    start("setTimeout(() => process.disconnect(), 50)");
    await hasBegun();
    waiting = 0;
    await runner?.stop();
    expect([blamed, said()]).toEqual([[], []]);
  });

  it("that never comes back from its job is killed once its lease has ended, and its job is blamed", async () => {
    start("for (;;);");
    await hasBegun();
    expect(blamed).toEqual([]);
    live = [];
    await eventually(() => expect(blamed).toEqual(["worker_child"]));
  });

  it("is not killed while it comes back, or where Postgres may not have heard of it for an outage", async () => {
    start("setInterval(() => process.send({ lives: true }), 500)");
    await hasBegun();
    live = [];
    const begunAt = performance.now();
    await eventually(() => expect(performance.now() - begunAt).toBeGreaterThan(10_000));
    heldSeconds = 6.9;
    await runner?.stop();
    expect([blamed, said()]).toEqual([[], []]);
  });

  it("that never comes back is left alone until all that live can have told Postgres so", async () => {
    heldSeconds = 6.9;
    start("for (;;);");
    await hasBegun();
    live = [];
    const begunAt = performance.now();
    await eventually(() => expect(performance.now() - begunAt).toBeGreaterThan(10_000));
    expect(blamed).toEqual([]);
    heldSeconds = 7;
    await eventually(() => expect(blamed).toEqual(["worker_child"]));
  });

  it("holds up no stop, though it hears nothing, and is not blamed for that", async () => {
    start("for (;;);");
    await hasBegun();
    const before = Date.now();
    await runner?.stop();
    expect(Date.now() - before).toBeLessThan(9_000);
    expect(blamed).toEqual([]);
  });

  it("is begun again some seconds after one that has died", async () => {
    start("process.exit(1)");
    await eventually(() => expect(blamed).toHaveLength(1));
    const diedAt = performance.now();
    await eventually(() => expect(blamed).toHaveLength(2));
    expect(performance.now() - diedAt).toBeGreaterThan(4_500);
  });
});
