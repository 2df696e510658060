import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Stack } from "@understudy/testkit";

/** `npm run <name>` as a person runs it, against the test's instance. @returns all that it printed, and its exit code */
export async function runCommand(
  stack: Pick<Stack, "url" | "adminKey">,
  name: string,
  ...args: string[]
): Promise<{ code: number; output: string }> {
  const environment = { UNDERSTUDY_URL: stack.url, UNDERSTUDY_ADMIN_KEY: stack.adminKey };
  return await runCommandWith(environment, name, ...args);
}

/** The same with an environment of which nothing but the PATH is added. */
export async function runCommandWith(
  environment: Record<string, string>,
  name: string,
  ...args: string[]
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [`scripts/${name}.mjs`, ...args], {
    cwd: resolve(import.meta.dirname, "../../.."),
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}
