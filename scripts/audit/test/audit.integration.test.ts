import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { runCommandWith } from "../../client/test/run-command.ts";
import { type BooksWorld, createBooksWorld, thisMonth } from "./books-world.ts";

let world: BooksWorld;
beforeAll(async () => {
  world = await createBooksWorld();
});
afterAll(() => world?.drop());

const audit = (...args: string[]) => runCommandWith({ DATABASE_URL: world.url }, "audit", ...args);

describe("npm run audit -- books", () => {
  it("ends with 0 where nothing is amiss, and says what it has asked", async () => {
    expect(await audit("books")).toEqual({ code: 0, output: "audit: 4 calls, 6 accounts, 0 findings\n" });
    expect(await audit("books", "--month", thisMonth, "--recompute", "all")).toEqual({
      code: 0,
      output: "audit: 3 calls, 2 accounts, 0 findings\n",
    });
  });

  it("goes by DATABASE_DIRECT_URL first, and by the settings of workers", async () => {
    const environment = { DATABASE_URL: "postgresql://x:x@127.0.0.1:1/x", DATABASE_DIRECT_URL: world.url };
    const { code, output } = await runCommandWith(
      { ...environment, PLATFORM_QUOTA_USD: "0.001" },
      "audit",
      "books",
    );
    expect(output).toMatch(/bound_passed .*platform:.* 0.001 at most/);
    expect(code).toBe(1);
  });

  it("shows what is amiss, and what to do, to people and programs", async () => {
    await world.plant(`UPDATE "Account" SET "spentUsd" = 2 WHERE "kind" = 'key'`);
    try {
      const shown = await audit("books");
      expect(shown.code).toBe(1);
      expect(shown.output).toMatch(/account_off .* key:key_1 .* spent 2 .* 0.0031/);
      expect(shown.output).toMatch(/→ account_off: \w/);
      expect(shown.output).toMatch(/\naudit: 4 calls, 6 accounts, 2 findings\n$/);
      const told = await audit("books", "--json");
      expect(told.code).toBe(1);
      const [first] = told.output.split("\n");
      expect(JSON.parse(first ?? "")).toEqual({
        ...{ what: "account_off", whose: "key:key_1", is: "spent 2", shouldBe: "0.0031" },
        todo: expect.stringMatching(/\.$/),
      });
      expect((await audit("books", "--creator", "creator_1")).code).toBe(0);
    } finally {
      await world.plant(`UPDATE "Account" SET "spentUsd" = 0.0031 WHERE "kind" = 'key'`);
    }
  });

  it("needs a role that may only read", async () => {
    const role = `reader_${process.pid}`;
    await world.plant(
      `CREATE ROLE ${role} LOGIN PASSWORD '${role}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    try {
      const url = Object.assign(new URL(world.url), { username: role, password: role });
      const asked = await runCommandWith({ DATABASE_URL: url.href }, "audit", "books");
      expect(asked).toEqual({ code: 0, output: "audit: 4 calls, 6 accounts, 0 findings\n" });
    } finally {
      await world.plant(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it("says in one line that it could not ask", async () => {
    const away = await runCommandWith({ DATABASE_URL: "postgresql://x:x@127.0.0.1:1/x" }, "audit", "books");
    expect(away.output).toMatch(/^The books can't be asked: .*ECONNREFUSED.*\n$/);
    expect(away.code).toBe(1);
    const refused = Object.assign(new URL(world.url), { password: "" });
    const began = performance.now();
    const unknown = await runCommandWith({ DATABASE_URL: refused.href }, "audit", "books");
    expect(unknown).toEqual({
      code: 1,
      output: expect.stringMatching(/^The books can't be asked: .*password.*\n$/),
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    const unset = await runCommandWith({}, "audit", "books");
    expect(unset.output).toMatch(/DATABASE_URL: is needed/);
    expect(unset.code).toBe(1);
  });

  it("ends with 130 where it is interrupted", async () => {
    const { prisma } = world.database;
    // Whoever asks waits behind this lock.
    await prisma.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE "UsageLog" IN ACCESS EXCLUSIVE MODE`;
        const child = spawn(process.execPath, ["scripts/audit.mjs", "books"], {
          cwd: resolve(import.meta.dirname, "../../.."),
          env: { PATH: process.env.PATH, DATABASE_URL: world.url },
          stdio: ["ignore", "ignore", "pipe"],
        });
        let output = "";
        child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
        await eventually(async () => expect(output).toMatch(/^asking: how much there is\n/));
        const ended = once(child, "close");
        child.kill("SIGINT");
        expect((await ended)[0]).toBe(130);
        // Nor does the server go on with it.
        await eventually(async () => {
          const waiting = await prisma.$queryRaw`
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          expect(waiting).toEqual([]);
        });
      },
      { timeout: 60_000 },
    );
  });

  it("--help and wrong usage", async () => {
    expect(await audit("books", "--help")).toMatchObject({
      code: 0,
      output: expect.stringContaining("--recompute"),
    });
    const { code, output } = await audit("books", "--creator", "a b");
    expect(output).toMatch(/must be a creator's id/);
    expect(code).toBe(2);
  });
});

describe("while jobs run", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ workers: 2, environment: { PLATFORM_QUOTA_USD: "50" } });
  });
  afterAll(() => stack?.stop());

  it("finds nothing, since what is under way is no fault", async () => {
    await stack.request("PUT", "/api/ai/creators/busy", { plan: "business" });
    const environment = { DATABASE_URL: stack.databaseUrl, PLATFORM_QUOTA_USD: "50" };
    const ids: string[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) ids.push(await stack.submit("chat", { creatorId: `busy`, input: chat(ids.length) }));
    })();
    try {
      await eventually(async () => expect(await stack.database.prisma.usageLog.count()).toBeGreaterThan(20));
      for (let asked = 0; asked < 3; asked++) {
        const { code, output } = await runCommandWith(environment, "audit", "books", "--recompute", "all");
        expect(output).toMatch(/^audit: \d+ calls, [2-9] accounts, 0 findings\n$/);
        expect(code).toBe(0);
      }
    } finally {
      isOver = true;
      await load;
    }
  });
});

function chat(number: number) {
  return { fanId: `fan_${number}`, message: `Hello, I am number ${number}` };
}
