import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createContext, type Module, SourceTextModule } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Stack, startStack, temporaryDirectory } from "@understudy/testkit";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** What an app's developer writes. Wrong types are marked, so that types which say nothing are noticed. */
const app = `
import { QuotaExceededError, Understudy, verifyWebhook, type ChatResult } from "@understudy/sdk";

const understudy = new Understudy({ baseUrl: process.argv[2] ?? "", apiKey: process.argv[3] });
const { response }: ChatResult = await understudy
  .chat({ creatorId: "psy", fanId: "fan_1", message: "When is your next show?" })
  .result();
// @ts-expect-error a chat needs a fan
const wrong = () => understudy.chat({ creatorId: "psy", message: "Hi" });
// @ts-expect-error no such platform
const odd = () => understudy.generateCaption({ creatorId: "psy", platform: "myspace", contentInfo: {} });
const job = await understudy.run("compliance", { creatorId: "psy", input: { content: "Hello" } }).wait();
if (job.status === "completed") {
  const allowed: boolean | undefined = job.result?.allowed;
  console.log(JSON.stringify({ response, allowed }));
}
export async function hook(request: Request): Promise<string> {
  const event = await verifyWebhook(request, { secret: "whsec_" });
  if (event.type === "job.completed" && event.data.agent === "chat") return event.data.result?.response ?? "";
  return event.type === "quota.threshold" ? event.data.quotaUsd : event.id;
}
export const until = (error: unknown): Date | undefined =>
  error instanceof QuotaExceededError ? error.resetsAt : undefined;
`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let stack: Stack;
let project: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  project = join(directory.path, "project");
  [stack] = await Promise.all([startStack(), packAndInstall()]);
});

afterAll(async () => {
  await Promise.all([stack?.stop(), directory?.remove()]);
});

async function run(command: string, args: string[], cwd: string): Promise<string> {
  try {
    const { PATH, HOME } = process.env;
    return (await promisify(execFile)(command, args, { cwd, env: { PATH, HOME } })).stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout: string; stderr: string; message: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

/** Builds and packs a copy, since other runs may pack as well, and installs the tarball into an empty project. */
async function packAndInstall(): Promise<void> {
  const copy = join(directory.path, "packages/sdk");
  await cp(join(root, "tsconfig.base.json"), join(directory.path, "tsconfig.base.json"));
  for (const part of ["src", "examples", "README.md", "tsconfig.build.json"]) {
    await cp(join(root, "packages/sdk", part), join(copy, part), { recursive: true });
  }
  const manifest = JSON.parse(await readFile(join(root, "packages/sdk/package.json"), "utf8"));
  // Development's own: their versions stand in the workspace.
  await writeFile(
    join(copy, "package.json"),
    JSON.stringify({ ...manifest, devDependencies: {}, scripts: {} }),
  );
  await run(process.execPath, [tsc, "-p", "tsconfig.build.json"], copy);
  await run(join(root, "node_modules/.bin/pnpm"), ["pack", "--pack-destination", directory.path], copy);
  await mkdir(project);
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "app", private: true, type: "module" }),
  );
  const tarball = join(directory.path, "understudy-sdk-0.1.0.tgz");
  await run("npm", ["install", "--no-audit", "--no-fund", "--offline", tarball], project);
  await writeFile(join(project, "app.ts"), app);
}

/** Compiles the app as a project of its own would, with checks of our declarations. */
async function compile(options: string[]): Promise<void> {
  const args = [
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--skipLibCheck",
    "false",
    ...options,
  ];
  await run(process.execPath, [tsc, ...args, "app.ts"], project);
}

describe("the packed SDK in an empty project", () => {
  it("has no dependency, and no file but what it needs", async () => {
    const installed = (await readdir(join(project, "node_modules"))).filter((name) => !name.startsWith("."));
    expect(installed).toEqual(["@understudy"]);
    const files = await readdir(join(project, "node_modules/@understudy/sdk"), { recursive: true });
    expect(files.filter((file) => file.endsWith(".ts") && !/\.d\.ts$|^examples\//.test(file))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(["README.md", "dist/index.js", "dist/index.d.ts", "package.json"]),
    );
  });

  it("type-checks with the types of browsers, and runs on Node", async () => {
    const processType = "declare const process: { argv: string[] };";
    await writeFile(join(project, "process.d.ts"), processType);
    await compile(["--lib", "es2022,dom", "--types", "", "process.d.ts"]);
    const printed = await run(process.execPath, ["app.js", stack.url, stack.adminKey], project);
    expect(JSON.parse(printed)).toEqual({ response: expect.any(String), allowed: true });
  });

  it("type-checks with those of Node, and under the strictest options", async () => {
    const nodeTypes = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    await compile([...nodeTypes, "--lib", "es2022", "--exactOptionalPropertyTypes", "--noEmit"]);
  });

  it("runs where there is nothing of Node: fetch, Web Streams, Web Crypto alone", async () => {
    const web = {
      ...{
        fetch,
        Headers,
        Request,
        Response,
        URL,
        URLSearchParams,
        TextDecoder,
        TextEncoder,
        ReadableStream,
      },
      ...{ AbortController, AbortSignal, crypto, setTimeout, clearTimeout, atob, console },
    };
    const dist = join(project, "node_modules/@understudy/sdk/dist");
    const { Understudy, verifyWebhook } = (await importInto(
      createContext(web),
      dist,
    )) as typeof import("../src/index.ts");
    const understudy = new Understudy({ baseUrl: stack.url, apiKey: stack.adminKey });
    // It runs yet when the stream is opened, however busy the machine.
    await stack.rule({ match: { contains: "Hi there" }, respond: { delayMs: 5_000 } });
    const handle = await understudy.messaging({ creatorId: "psy", fanId: "f", message: "Hi there" });
    const seen: string[] = [];
    for await (const { event } of handle.stream()) seen.push(event);
    expect(seen).toEqual(expect.arrayContaining(["status", "token", "done"]));
    const delivery = new Request("https://app.test", { method: "POST", body: "{}" });
    await expect(verifyWebhook(delivery, { secret: "whsec_c2VjcmV0" })).rejects.toMatchObject({
      code: "missing_headers",
    });
  });
});

/** Loads the package into a context, in which only what it holds can be seen; an import of `node:` finds nothing. */
async function importInto(context: object, dist: string): Promise<object> {
  const modules = new Map<string, SourceTextModule>();
  async function load(path: string): Promise<SourceTextModule> {
    const known = modules.get(path);
    if (known) return known;
    const module = new SourceTextModule(await readFile(path, "utf8"), { context, identifier: path });
    modules.set(path, module);
    return module;
  }
  const index = await load(join(dist, "index.js"));
  await index.link(
    async (specifier: string, from: Module) => await load(join(from.identifier, "..", specifier)),
  );
  await index.evaluate();
  return index.namespace;
}
