import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import type { Stack } from "@understudy/testkit";
import { EventStream, type ReadEvent } from "./event-stream.ts";

/** What one reader was told of a job, over all its connections. */
export interface Told {
  id: string;
  events: ReadEvent[];
  /** How often it connected. */
  connections: number;
}

/** Readers of many jobs' events. */
export interface ManyStreams {
  /** How many of the open streams have had a heartbeat. */
  beating(): number;
  /** How many jobs something was told of. */
  begun(): number;
  /** When every reader has been told of its job's end. */
  ended: Promise<Told[]>;
  /** Ends all readers, whatever they have been told. */
  close(): void;
}

const reconnectMs = 100;

/**
 * Follows many jobs at once. Each reader breaks its connection off now and then, in the middle of the text too, and goes
 * on where it stopped; where the API is away, it tries again.
 * @param breakOffs how often each breaks off at most
 */
export function followMany(stack: Stack, ids: readonly string[], breakOffs: number): ManyStreams {
  const open = new Map<string, EventStream>();
  const begun = new Set<string>();
  let closed = false;

  async function follow(id: string, index: number): Promise<Told> {
    const told: Told = { id, events: [], connections: 0 };
    while (!closed) {
      const lastId = told.events.at(-1)?.id;
      const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await stack
        .request("GET", `/api/ai/jobs/${id}/events`, undefined, headers)
        .catch(() => undefined);
      // While it starts, or ends, it may have no answer.
      if (!response || response.status === 503) {
        await sleep(reconnectMs);
        continue;
      }
      expect(response.status).toBe(200);
      const stream = new EventStream(response);
      open.set(id, stream);
      told.connections++;
      // Another length for each reader and each connection; the last is read to its end.
      const length =
        told.connections > breakOffs ? Number.POSITIVE_INFINITY : 1 + ((index + told.connections) % 3);
      for (let read = 0; read < length; read++) {
        const event = await stream.next();
        // A clean end before done: the API stops.
        if (!event) break;
        told.events.push(event);
        begun.add(id);
        if (event.event === "done") return told;
      }
      await stream.cancel();
    }
    return told;
  }

  return {
    beating: () => [...open.values()].filter(({ comments }) => comments > 0).length,
    begun: () => begun.size,
    ended: Promise.all(ids.map(follow)),
    close() {
      closed = true;
      for (const stream of open.values()) void stream.cancel().catch(() => {});
    },
  };
}

/** Nothing was lost or told twice. @param textOf what a client shows in the end */
export function expectWhole(
  told: readonly Told[],
  text: string,
  textOf: (events: ReadEvent[]) => string,
): void {
  for (const { events } of told) {
    expect(textOf(events)).toBe(text);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const states = events.flatMap(({ event, data }) =>
      event === "status" ? [`${data.status} ${data.waitingFor ?? ""}`.trim()] : [],
    );
    expect(states).toEqual([...new Set(states)]);
    expect(states.at(-1)).toBe("completed");
  }
}
