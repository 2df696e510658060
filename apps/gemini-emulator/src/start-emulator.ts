import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ServerConnections } from "@understudy/service";
import { Bill } from "./bill.ts";
import { BillFile } from "./bill-file.ts";
import { PromptCache } from "./prompt-cache.ts";
import { Recordings } from "./recordings.ts";
import { RequestStore } from "./request-store.ts";
import { Rules } from "./rules.ts";
import { createEmulatorServer } from "./server.ts";

/** How long answers under way may take when it stops: some hang on purpose. */
const graceMs = 1_000;

export interface EmulatorOptions {
  /** 0: any free port. */
  port: number;
  host: string;
  /** Names by which it may be asked for beside its own, without ports. */
  allowedHosts?: readonly string[] | undefined;
  /** Where the bill is kept over restarts; without it in memory only. */
  stateDir?: string | undefined;
  /** Before each answer, in milliseconds. Default 0. */
  latencyMs?: number | undefined;
  /** The moment that it always is; without it the real date. */
  date?: Date | undefined;
  /** Takes what Google refuses. */
  lenient?: boolean | undefined;
  /** Told of faults of the emulator's own; never of prompts. */
  onError?: (error: unknown) => void;
}

export interface RunningEmulator {
  /** For `httpOptions.baseUrl`: `http://127.0.0.1:3001`. */
  url: string;
  port: number;
  /** Ends answers under way, and cuts off those that hang. */
  stop(): Promise<void>;
}

/** As a Host header has them. */
const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/** @throws Error in one line if the port is taken or the host is not this machine's */
export async function startEmulator(options: EmulatorOptions): Promise<RunningEmulator> {
  const { port, host, allowedHosts = [], stateDir, date, onError = () => undefined } = options;
  const kept = stateDir === undefined ? null : await BillFile.open(stateDir);
  const server = createEmulatorServer(
    {
      bill: new Bill(kept?.file ?? null, kept?.entries),
      rules: new Rules(),
      recordings: new Recordings(),
      requests: new RequestStore(),
      promptCache: new PromptCache(),
      latencyMs: options.latencyMs ?? 0,
      now: () => date?.getTime() ?? Date.now(),
      lenient: options.lenient ?? false,
    },
    onError,
    new Set([...loopbackNames, host, ...allowedHosts]),
  );
  const connections = new ServerConnections(server);
  try {
    await listen(server, port, host);
  } catch (error) {
    kept?.file.close();
    throw error;
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    stop: () => stop(connections, kept?.file ?? null),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken
        ? `Port ${port} on ${host} is taken: give another one in EMULATOR_PORT.`
        : `Cannot listen on port ${port} of ${host}: ${error.code ?? error.message}.`;
      reject(new Error(message));
    });
    server.listen(port, host, resolve);
  });
}

async function stop(connections: ServerConnections, file: BillFile | null): Promise<void> {
  await connections.close(graceMs);
  // Connections that were cut have told the bill by now.
  await new Promise((resolve) => setImmediate(resolve));
  file?.close();
}
