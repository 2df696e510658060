import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { httpRequest } from "./load.ts";
import { authorization } from "./start-api.ts";

/** Connections opened at once: a backlog is no part of what is measured. */
const atOnce = 50;

/** Readers of jobs' events on bare sockets, which must cost less than the server. */
export interface StreamReaders {
  /** Of each chunk, from its write to its arrival here. */
  latenciesMs: number[];
  /** What came otherwise than it should: a chunk missing, twice or out of order. */
  faults: string[];
  close(): void;
}

/** Opens a stream for each job, and waits until each has told its first event. */
export async function openReaders(url: string, jobIds: readonly string[]): Promise<StreamReaders> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const latenciesMs: number[] = [];
  const faults: string[] = [];

  async function open(id: string): Promise<void> {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    const begun = new Promise<void>((resolve) => readEvents(socket, resolve));
    await once(socket, "connect");
    socket.write(httpRequest("GET", `/api/ai/jobs/${id}/events`, authorization));
    await begun;
  }

  function readEvents(socket: Socket, onBegin: () => void): void {
    let rest = "";
    let next = 0;
    socket.setEncoding("latin1").on("data", (piece: string) => {
      const blocks = (rest + piece).split("\n\n");
      rest = blocks.pop() ?? "";
      const now = performance.timeOrigin + performance.now();
      for (const block of blocks) {
        if (block.includes("event: status")) onBegin();
        const [, chunk, writtenAt] = /"text":"(\d+) ([\d.]+)/.exec(block) ?? [];
        if (chunk === undefined) continue;
        latenciesMs.push(now - Number(writtenAt));
        if (Number(chunk) !== next++) faults.push(`chunk ${chunk} came in place of ${next - 1}`);
      }
    });
    socket.on("error", (error) => faults.push(String(error)));
  }

  for (let from = 0; from < jobIds.length; from += atOnce) {
    await Promise.all(jobIds.slice(from, from + atOnce).map(open));
  }
  return {
    latenciesMs,
    faults,
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
