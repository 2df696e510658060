import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";

const service = `
  import { createLogger, runService } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
  const logger = createLogger("test", "info");
  await runService(logger, 5, async () => {
    const timer = setInterval(() => {}, 1000);
    return { details: { pid: process.pid }, stop: () => new Promise((resolve) => setTimeout(resolve, 300)).then(() => clearInterval(timer)) };
  });`;

function start(): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", service], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

async function ready(child: ChildProcess): Promise<void> {
  const [message] = await once(child, "message");
  expect(message).toEqual({ ready: { pid: child.pid } });
}

describe("a service", () => {
  it("says that it is ready, and stops with 0 on SIGTERM", async () => {
    const child = start();
    await ready(child);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("takes what its parent says and the first signal after it for one", async () => {
    const child = start();
    await ready(child);
    child.send({ stop: "the parent stops" });
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("stops by itself when its launcher is gone, also where nobody reads its output any more", async () => {
    const child = start();
    await ready(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.disconnect();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("redacts keys, prompts and results from its logs", async () => {
    const log = `
      import { createLogger } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
      createLogger("test", "info").info({ prompt: "marker", job: { input: "marker", result: { deep: "marker" } }, headers: { authorization: "marker" } });`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", log]);
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    await once(child, "close");
    expect(output).toContain("[redacted]");
    expect(output).not.toContain("marker");
  });
});
