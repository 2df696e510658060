import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { closeMonth } from "../../src/index.ts";

const program = fileURLToPath(new URL("./close-in-process.ts", import.meta.url));

/** A process that closes a month when it is told to. */
export interface Closer {
  process: ChildProcess;
  close(): Promise<Awaited<ReturnType<typeof closeMonth>>>;
}

/** Starts one, and waits until it is ready. */
export async function startCloser(databaseUrl: string, month: string): Promise<Closer> {
  const child = spawn(process.execPath, ["--import", "tsx", program, databaseUrl, month], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "message");
  return {
    process: child,
    async close() {
      const answer = once(child, "message");
      child.send("go");
      const [message] = await answer;
      return (message as { closing: Awaited<ReturnType<typeof closeMonth>> }).closing;
    },
  };
}
