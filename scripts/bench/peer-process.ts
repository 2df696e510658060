import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BenchRun } from "./bench-run.ts";

type PeerName =
  | "http-echo"
  | "stock-express"
  | "naive-accept"
  | "naive-job"
  | "hot-writer"
  | "bullmq-noop"
  | "bare-sender"
  | "event-sink"
  | "fair-worker"
  | "stream-writers";

/**
 * Starts `peers/<name>.ts` in a process of its own, as each of our apps has one. It ends with the benchmark.
 * @param given what it reads as its options
 * @returns what it tells first, such as `url`
 * @throws when it ends before it has told anything
 */
export async function startPeer(
  run: Pick<BenchRun, "atEnd">,
  name: PeerName,
  given: object,
): Promise<Record<string, string | number>> {
  return (await forkPeer(run, name, given)).told;
}

/** The same, for a peer that goes on telling. */
export async function forkPeer(
  run: Pick<BenchRun, "atEnd">,
  name: PeerName,
  given: object,
): Promise<{ told: Record<string, string | number>; child: ChildProcess }> {
  const file = fileURLToPath(new URL(`./peers/${name}.ts`, import.meta.url));
  const child = fork(file, [JSON.stringify(given)], { execArgv: ["--import", "tsx"] });
  const exited = once(child, "exit");
  run.atEnd(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const ended = exited.then(([code]) => Promise.reject(new Error(`The peer ${name} ended with ${code}.`)));
  const [told] = await Promise.race([once(child, "message"), ended]);
  return { told, child };
}
