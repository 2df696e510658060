import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestPostgres } from "@understudy/testkit";
import pg from "pg";
import { jestConfig } from "./jest-config.ts";
import { makeSandbox } from "./sandbox.ts";

export interface SuiteRun {
  /** The test that failed, or why the suite could not run; null where all passed. */
  failed: string | null;
  durationMs: number;
}

/** Where mutants are tried one after the other: a copy of the checkout, a Postgres and a process of its own. */
export interface Slot {
  directory: string;
  /** Puts a file's text in its place in the sandbox. */
  plant(file: string, text: string): void;
  /** @param timeoutMs after which a suite counts as failed: a mutant may wait for ever */
  run(suite: string, timeoutMs: number): Promise<SuiteRun>;
  /** Runs a suite and says what Postgres logged meanwhile: every statement, as it was sent. */
  runLogged(suite: string, timeoutMs: number): Promise<SuiteRun & { log: string }>;
  /** Whether Postgres takes a statement. */
  isValid(statement: string): Promise<boolean>;
  remove(): Promise<void>;
}

/** Has slots do work side by side, each one piece after the other. */
export async function share<Piece>(
  slots: readonly Slot[],
  pieces: readonly Piece[],
  work: (slot: Slot, piece: Piece) => Promise<void>,
): Promise<void> {
  const waiting = [...pieces];
  await Promise.all(
    slots.map(async (slot) => {
      for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) await work(slot, piece);
    }),
  );
}

/** A suite leaves modules behind in the process. */
const runsMax = 60;

export async function openSlot(root: string): Promise<Slot> {
  const sandbox = await makeSandbox(root);
  const postgres = await startTestPostgres({ fsync: "off", full_page_writes: "off" });
  let runner: ChildProcess | undefined;
  let runs = 0;

  async function endRunner(): Promise<void> {
    if (runner?.exitCode === null && runner.signalCode === null) {
      runner.kill("SIGKILL");
      await once(runner, "exit");
    }
    runner = undefined;
  }

  async function runnerOf(): Promise<ChildProcess> {
    if (runs++ % runsMax === 0) await endRunner();
    runner ??= fork(join(sandbox.directory, "scripts/mutants/suite-process.mjs"), {
      cwd: sandbox.directory,
      execArgv: ["--experimental-vm-modules", "--no-warnings"],
      env: { ...process.env, UNDERSTUDY_TEST_POSTGRES_URL: postgres.url },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    return runner;
  }

  async function query(...statements: string[]): Promise<void> {
    const url = new URL(postgres.url);
    url.pathname = "/understudy_template";
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async function run(suite: string, timeoutMs: number): Promise<SuiteRun> {
    const startedAt = Date.now();
    const process = await runnerOf();
    const abort = new AbortController();
    const answer = once(process, "message", abort).then(([message]) => (message as SuiteRun).failed);
    const end = once(process, "exit", abort).then(() => "its process ended");
    const late = sleep(timeoutMs, "it took too long", abort);
    process.send({ suite, config: jestConfig(sandbox.directory, [suite]) });
    const failed = await Promise.race([answer, end, late]);
    abort.abort();
    await Promise.allSettled([answer, end, late]);
    if (failed === "it took too long" || failed === "its process ended") await endRunner();
    return { failed, durationMs: Date.now() - startedAt };
  }

  return {
    directory: sandbox.directory,
    plant: (file, text) => writeFileSync(join(sandbox.directory, file), text),
    run,
    async runLogged(suite, timeoutMs) {
      const logged = statSync(postgres.logFile).size;
      await query("ALTER SYSTEM SET log_min_duration_statement = 0", "SELECT pg_reload_conf()");
      const result = await run(suite, timeoutMs);
      await query("ALTER SYSTEM RESET log_min_duration_statement", "SELECT pg_reload_conf()");
      return { ...result, log: readFileSync(postgres.logFile).subarray(logged).toString() };
    },
    async isValid(statement) {
      return await query(`PREPARE mutant AS ${statement}`).then(
        () => true,
        () => false,
      );
    },
    async remove() {
      await endRunner();
      await postgres.remove();
      sandbox.remove();
    },
  };
}
