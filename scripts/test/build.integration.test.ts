import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { temporaryDirectory } from "@understudy/testkit";

/** Set by `npm test`, which makes it. */
const build = process.env.UNDERSTUDY_BUILD ?? "dist";

let away: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  away = await temporaryDirectory();
  cpSync(build, away.path, { recursive: true, dereference: true });
});
afterAll(() => away?.remove());

describe("a build", () => {
  it.each([
    ["api", /The environment is not right/],
    ["worker", /The environment is not right/],
    ["migrate", /prisma\/migrations is not where it should be/],
  ])("of %s starts where there is nothing but Node, and says what it lacks", async (app, words) => {
    const child = spawn(process.execPath, [join(away.path, `${app}.mjs`)], {
      cwd: away.path,
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    const [code] = await once(child, "close");
    expect(output).toMatch(words);
    expect(code).toBe(1);
  });
});
