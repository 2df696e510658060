import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Call } from "@understudy/contracts";
import { listenFault } from "@understudy/local-services";
import { eventually } from "@understudy/testkit";
import { Decimal } from "decimal.js";
import { createReadyClone, type FreshClone } from "./fresh-clone.ts";
import { type MessageRow, messageRows, SLOW_WORDS, writeMessages } from "./messages-file.ts";
import type { NpmRun } from "./npm-run.ts";
import { expectBooksToAgree, readReplies } from "./replies.ts";
import { type RunningInstance, startInstance, untilInTheMiddle } from "./running-instance.ts";

const rows = messageRows();
const submitted = rows.filter(({ fault }) => fault === undefined);

let clone: FreshClone;
let instance: RunningInstance;
let messagesFile: string;

beforeAll(async () => {
  clone = await createReadyClone();
  messagesFile = join(clone.scratch, "messages.csv");
  writeMessages(messagesFile, rows);
  instance = await startInstance(clone);
}, 300_000);

afterAll(async () => await clone?.remove(), 60_000);

function replay(out: string): NpmRun {
  return clone.npm(
    ["run", "replay", "--", messagesFile, "--plan", "business", "--rate-per-hour", "1000000", "--out", out],
    {},
  );
}

/** Of a chat that offers nothing. */
const STEPS = ["compliance-draft/check", "compliance-message/check", "messaging/draft"];

/** A cell as the file of replies shows it: what a spreadsheet would run as a formula is neutralised. */
function shown(text: string): string {
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

function expectedReply({ creator_id, fan_id, sent_at, text, fault }: MessageRow) {
  const given = { creator_id, fan_id, sent_at, text: shown(text) };
  if (fault) return { ...given, job_id: "", status: "skipped", cost_usd: "", error_code: fault };
  return {
    ...given,
    job_id: expect.stringMatching(/^job_/),
    status: "completed",
    response: expect.stringMatching(/\S/),
    cost_usd: expect.stringMatching(/^0\.00\d*[1-9]$/),
    latency_ms: expect.stringMatching(/^\d+$/),
    provider: "emulator",
    error_code: "",
  };
}

/**
 * Each message is answered by a job of its own and costs what its calls did, and no step of a job is paid twice. How
 * many steps there are depends on the conversation so far: to a fan who has written often, something is offered.
 */
function expectReplies(file: string, calls: readonly Call[], ledgerUsd: string): void {
  const replies = readReplies(file);
  expect(replies).toMatchObject(rows.map(expectedReply));
  expect(new Set(replies.map(({ job_id }) => job_id)).size).toBe(submitted.length + 1);
  for (const { job_id, cost_usd } of replies.filter(({ status }) => status === "completed")) {
    const paid = calls.filter(({ jobId, costUsd }) => jobId === job_id && costUsd !== null);
    const steps = paid.map(({ stepKey }) => stepKey).sort();
    expect(steps).toEqual([...new Set(steps)]);
    expect(steps).toEqual(expect.arrayContaining(STEPS));
    expect(Decimal.sum(...paid.map(({ costUsd }) => costUsd ?? "0")).toFixed()).toBe(cost_usd);
  }
  const total = Decimal.sum(0, ...replies.map(({ cost_usd }) => cost_usd || "0"));
  expect(total.toFixed()).toBe(ledgerUsd);
}

describe("beside an instance that npm start keeps up", () => {
  test("a second npm start says where it is and leaves it alone", async () => {
    const { output, seconds } = await clone.npm(["start"]).succeeded();
    expect(output).toContain(`Understudy runs already in this clone (pid ${instance.launcherPid})`);
    expect(output).toContain(instance.url);
    expect(output).toContain(`${instance.emulatorUrl}/_emulator/bill`);
    expect(seconds).toBeLessThan(30);
    expect(await instance.request("GET", "/readyz")).toBeDefined();
  }, 100_000);

  test("npm start -- --once submits its message there", async () => {
    const since = new Date();
    const { output } = await clone.npm(["start", "--", "--once"]).succeeded();
    expect(output).toContain("answered by the emulator");
    expect(output).toMatch(/cost \$0\.000\d*[1-9]/);
    expect(output).not.toContain("Stopping");
    const calls = await instance.callsSince(since);
    expect(calls.map(({ creatorId, status }) => `${creatorId} ${status}`)).toEqual(
      Array(3).fill("demo settled"),
    );
  }, 100_000);

  test("npm run replay answers every message of a file, and the ledger equals the bill", async () => {
    const since = new Date();
    const out = join(clone.scratch, "replies.csv");
    const { output } = await replay(out).succeeded();
    const ledgerUsd = expectBooksToAgree(output);
    // Each chat is read by compliance at least.
    expect(Number(/\((\d+) calls\)/.exec(output)?.[1])).toBeGreaterThan(submitted.length);
    expectReplies(out, await instance.callsSince(since), ledgerUsd);
  }, 200_000);

  test("a worker killed in the middle of a replay loses nothing", async () => {
    const since = new Date();
    const out = join(clone.scratch, "replies-after-kill.csv");
    // So that calls are under way whenever the worker dies, however fast this machine is.
    await instance.rule({ match: { contains: SLOW_WORDS }, respond: { delayMs: 20_000 } });
    const run = replay(out);
    await untilInTheMiddle(instance, since, { settled: 10, open: 10 });
    const killed = instance.workerPid();
    process.kill(killed, "SIGKILL");
    await instance.dropRules();
    await eventually(() => expect(instance.workerPid()).not.toBe(killed));

    // The calls that died with it are given up at their deadline only, a minute after they began.
    const { output } = await run.succeeded(240);
    const ledgerUsd = expectBooksToAgree(output);
    expect(output).toMatch(/\d+ calls lost their answer/);
    expectReplies(out, await instance.callsSince(since), ledgerUsd);
    await instance.run.printed(/Worker ended \(SIGKILL\): starting it again/);
    await instance.run.printed(/✓ Worker is back/);
  }, 300_000);

  test("Ctrl-C stops everything", async () => {
    instance.run.pressCtrlC();
    const { code, output } = await instance.run.ended(30);
    expect(code).toBe(0);
    expect(output).toMatch(/✓ Stopped\n$/);
    expect(clone.processes()).toEqual([]);
    for (const port of Object.values(clone.ports)) {
      expect(await listenFault(Number(port), "127.0.0.1")).toBeUndefined();
    }
  }, 60_000);
});
