import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Stack, startStack, temporaryDirectory, testSecretsKeys } from "@understudy/testkit";

/**
 * Runs every `sh` block of the guides, in order, in one shell a guide, against a running stack. Blocks marked
 * `sh elsewhere` need what a test has not (Docker, a cluster, an installation of its own): of those every file that they
 * name must exist. Whatever a command says, it must end with 0.
 */
const root = resolve(import.meta.dirname, "../..");
const guides = ["docs/quick-start.md", "docs/integration.md", "docs/operations.md"];
const read = (path: string) => readFileSync(join(root, path), "utf8");
const blocks = (path: string, marker: string) =>
  [...read(path).matchAll(/^```(\S+(?: \S+)?)\n(.*?)^```$/gms)].flatMap(([, info, text = ""]) =>
    info === marker ? [text] : [],
  );

let stack: Stack;
/** A place like a clone whose instance runs. */
let clone: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  stack = await startStack();
  clone = await temporaryDirectory();
  mkdirSync(join(clone.path, ".understudy"));
  writeFileSync(join(clone.path, ".understudy/admin-key"), `${stack.adminKey}\n`);
  for (const name of readdirSync(root).filter((entry) => !entry.startsWith(".") && entry !== "dist"))
    if (name !== "node_modules") symlinkSync(join(root, name), join(clone.path, name));
  symlinkSync(join(root, "apps/worker/node_modules"), join(clone.path, "node_modules"));
});

afterAll(async () => {
  await stack?.stop();
  await clone?.remove();
});

async function run(script: string): Promise<{ code: number; output: string }> {
  const local = script.replaceAll("localhost:3000", new URL(stack.url).host);
  const child = spawn(
    "bash",
    ["-c", `set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${local}`],
    {
      cwd: clone.path,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        DATABASE_URL: stack.databaseUrl,
        REDIS_URL: stack.redis.url,
        UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
        UNDERSTUDY_ADMIN_KEY: stack.adminKey,
        GEMINI_API_KEY: "emulator",
        GEMINI_BASE_URL: stack.emulatorUrl,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const [code] = (await once(child, "exit")) as [number];
  return { code, output };
}

describe("every command of the guides", () => {
  it.each([
    ["docs/quick-start.md", /"status":"completed"[\s\S]*"costUsd"[\s\S]*"quotaUsd":"25/],
    ["docs/integration.md", /"status":"completed"[\s\S]*event: ?done[\s\S]*invalid_request/],
    [
      "docs/operations.md",
      /Usage: npm run doctor[\s\S]*, 0 failed[\s\S]*Built[\s\S]*up to date[\s\S]*"stopped":false/,
    ],
  ])("runs: %s", async (guide, expected) => {
    const { code, output } = await run(blocks(guide, "sh").join("\n"));
    if (code !== 0) throw new Error(output);
    expect(output).toMatch(expected);
  });

  it("that needs another machine names files, targets and values that exist", () => {
    const named = guides.flatMap(
      (guide) =>
        blocks(guide, "sh elsewhere")
          .join("\n")
          .match(/\binfra\/[\w./-]+/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(5);
    for (const path of named.filter((name) => name !== "infra/.env"))
      expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    const text = guides.flatMap((guide) => blocks(guide, "sh elsewhere")).join("\n");
    const targets = [...text.matchAll(/--target (\S+)/g)].map(([, target]) => target);
    for (const target of targets) expect(read("infra/Dockerfile")).toContain(` AS ${target}\n`);
    const scripts = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script);
    for (const script of scripts)
      expect(Object.keys(JSON.parse(read("package.json")).scripts)).toContain(script);
    for (const [, value = ""] of text.matchAll(/--set (\w+)[.=]/g))
      expect(read("infra/helm/understudy/values.yaml")).toMatch(new RegExp(`^${value}:`, "m"));
  });
});

describe("what the guides say", () => {
  it("names every alert, and every link leads somewhere", () => {
    for (const [, alert] of read("infra/prometheus/alerts.yml").matchAll(/alert: (\w+)/g))
      expect(read("docs/operations.md")).toContain(`\`${alert}\``);
    for (const guide of guides)
      for (const [, link = ""] of read(guide).matchAll(/\]\(((?!http)[^)#]+)\)/g))
        expect(existsSync(join(root, dirname(guide), link))).toBe(true);
  });
});
