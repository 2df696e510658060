import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { listenFault } from "@understudy/local-services";
import { eventually } from "@understudy/testkit";
import { createFreshClone, type FreshClone } from "./fresh-clone.ts";
import type { Ending } from "./npm-run.ts";
import { readState, startInstance } from "./running-instance.ts";

/** A cost as the launcher shows it; zero would mean that nothing was billed. */
const COST_ABOVE_ZERO = /cost \$0\.00\d*[1-9]/;
const ADMIN_KEY_PATTERN = /us_local_\w+/g;

let clone: FreshClone;
const blockers: Server[] = [];

beforeAll(async () => {
  clone = await createFreshClone();
}, 120_000);

afterEach(() => {
  for (const server of blockers.splice(0)) server.close();
});

afterAll(async () => await clone?.remove(), 60_000);

function startOnce(ports?: Record<string, string>): Promise<Ending> {
  return clone.npm(["start", "--", "--once"], ports).ended();
}

function expectReply(output: string): void {
  expect(output).toMatch(/reply: {2}\S+/);
  expect(output).toContain("answered by the emulator in place of gemini-3.5-flash-lite, not by Gemini");
  expect(output).toMatch(COST_ABOVE_ZERO);
}

async function expectNothingLeft(): Promise<void> {
  expect(clone.processes()).toEqual([]);
  for (const port of Object.values(clone.ports)) {
    expect(await listenFault(Number(port), "127.0.0.1")).toBeUndefined();
  }
  expect(readdirSync(join(clone.directory, ".understudy"))).not.toContain("instance.json");
}

/** Takes a port, unless another program has it already: taken is taken. */
async function occupy(port: number): Promise<void> {
  const server = createServer();
  server.listen({ port, host: "127.0.0.1", exclusive: true });
  await once(server, "listening").then(
    () => blockers.push(server),
    () => undefined,
  );
}

// In order: each begins with what the one before left in the clone.
describe("npm start in a fresh clone that only its owner may enter", () => {
  let first: Ending;

  test("sets everything up, shows a reply and what it cost, and with --once leaves nothing behind", async () => {
    expect(statSync(clone.scratch).mode & 0o777).toBe(0o700);
    first = await startOnce();
    expect(first).toMatchObject({ code: 0 });
    expect(first.output).toContain("✓ Dependencies installed");
    expectReply(first.output);
    await expectNothingLeft();

    expect(statSync(join(clone.directory, ".understudy", "admin-key")).mode & 0o777).toBe(0o600);
    expect(statSync(join(clone.directory, ".understudy", "secrets-keys")).mode & 0o777).toBe(0o600);
    expect(first.output).toContain("WEBHOOK_ALLOW_PRIVATE=1");
    const adminKey = readState(clone, "admin-key").trim();
    expect(first.output.match(ADMIN_KEY_PATTERN)).toEqual([adminKey]);
    const logs = join(clone.directory, ".understudy", "logs");
    for (const log of readdirSync(logs))
      expect(readFileSync(join(logs, log), "utf8")).not.toContain(adminKey);
  }, 300_000);

  test("is faster the second time, and does not show the key again", async () => {
    const second = await startOnce();
    expect(second).toMatchObject({ code: 0 });
    expectReply(second.output);
    expect(second.output).not.toMatch(/Installing|installed|Generating|Creating/i);
    expect(second.output).not.toMatch(ADMIN_KEY_PATTERN);
    expect(second.seconds).toBeLessThan(first.seconds);
    await expectNothingLeft();
  }, 200_000);

  test.each(["PORT", "EMULATOR_PORT"] as const)(
    "says in one line that a given %s is taken",
    async (name) => {
      const taken = clone.ports[name];
      await occupy(Number(taken));
      const refused = await startOnce();
      expect(refused).toMatchObject({
        code: 1,
        errors: `✗ ${name} ${taken} is taken by another program: set ${name} to another one.\n`,
      });
      expect(clone.processes()).toEqual([]);
    },
    100_000,
  );

  test("lets default ports that are taken give way, also when that happens after they were chosen", async () => {
    await occupy(3000);
    const run = clone.npm(["start", "--", "--once"], {});
    await run.printed(/✓ Postgres/);
    const [, chosen] = /Port 3000 is taken: using (\d+)/.exec(run.output()) ?? [];
    expect(Number(chosen)).toBeGreaterThan(3000);
    await occupy(Number(chosen));

    const started = await run.ended();
    expect(started).toMatchObject({ code: 0 });
    expectReply(started.output);
    const [, port] = /API on http:\/\/127\.0\.0\.1:(\d+) \(/.exec(started.output) ?? [];
    expect(started.output).toContain(`Port ${chosen} is taken: using ${port}`);
    await expectNothingLeft();
  }, 200_000);

  test("recovers after a kill -9 of the launcher, and stops within 30 s of Ctrl-C although a call to Gemini hangs", async () => {
    const killed = await startInstance(clone);
    process.kill(killed.launcherPid, "SIGKILL");
    await killed.run.ended();
    // At least the services live on, for the next start to find.
    expect(clone.processes()).not.toEqual([]);

    const instance = await startInstance(clone);
    expectReply(instance.run.output());
    const since = new Date();
    await instance.rule({ match: { contains: "Take all the time" }, respond: { hang: true } });
    const message = { creatorId: "demo", fanId: "fan_1", message: "Take all the time you need." };
    await instance.request("POST", "/api/ai/chat", message);
    await eventually(async () => {
      expect(await instance.callsSince(since)).toMatchObject([{ status: "started" }]);
    });

    instance.run.pressCtrlC();
    const { code, output } = await instance.run.ended(30);
    expect(code).toBe(0);
    expect(output).toMatch(/✓ Stopped\n$/);
    await expectNothingLeft();
  }, 200_000);
});
