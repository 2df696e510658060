import type { JobEvent } from "@understudy/contracts";

export type ReadEvent = JobEvent & { id: string };

/** Reads server-sent events one by one; comments are left out. */
export class EventStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #buffer = "";
  /** All that was read so far. */
  readonly events: ReadEvent[] = [];
  comments = 0;

  constructor(response: Response) {
    if (!response.body) throw new Error("The answer has no body.");
    this.#reader = response.body.getReader();
  }

  /** The next event; undefined at a clean end. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        if (block.startsWith(":")) {
          this.comments++;
          continue;
        }
        const event = readEvent(block);
        this.events.push(event);
        return event;
      }
      const { done, value } = await this.#reader.read();
      if (done) {
        if (this.#buffer !== "") throw new Error(`Ended within an event: ${this.#buffer}`);
        return undefined;
      }
      this.#buffer += this.#decoder.decode(value, { stream: true });
    }
  }

  /** Reads until an event of that name has come. */
  async until(name: JobEvent["event"]): Promise<ReadEvent> {
    for (;;) {
      const event = await this.next();
      if (!event) throw new Error(`Ended without ${name}: ${JSON.stringify(this.events)}`);
      if (event.event === name) return event;
    }
  }

  /** Reads to the clean end. */
  async rest(): Promise<ReadEvent[]> {
    while (await this.next());
    return this.events;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

function readEvent(block: string): ReadEvent {
  const fields = new Map(
    block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  return {
    event: fields.get("event"),
    id: fields.get("id"),
    data: JSON.parse(fields.get("data") ?? ""),
  } as ReadEvent;
}

/** What a client that follows the events shows in the end. */
export function textOf(events: readonly JobEvent[]): string {
  let text = "";
  for (const { event, data } of events) {
    if (event === "token") text += data.text;
    if (event === "retract") text = "";
  }
  return text;
}
