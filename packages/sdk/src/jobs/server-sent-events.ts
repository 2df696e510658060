/** One event of a stream. Source: html.spec.whatwg.org, section 9.2. */
export interface ServerSentEvent {
  event: string;
  data: string;
  /** The last id that the stream has told, this event's included. */
  id: string;
}

/** Puts events together from pieces of text, wherever they are cut. */
export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id = "";

  /** @returns the events that are whole now */
  push(text: string): ServerSentEvent[] {
    // A CR at the end of a piece may be half of a CRLF.
    const whole = this.#rest + text;
    const lines = whole.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => this.#take(line)).filter((event) => event !== undefined);
  }

  #take(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    // A comment, such as a heartbeat.
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const event = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    return isEmpty ? undefined : event;
  }
}

/** How long what is silent is waited for; the API sends a heartbeat every 15 s. */
export interface Silence {
  /** Until the first event, which the API sends at once. */
  firstEventMs: number;
  /** Between any two pieces. */
  idleMs: number;
}

/**
 * The events of an answer, until it ends, is silent for too long, or breaks off: what was whole has been told then. The
 * connection is closed when the reader stops.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  { firstEventMs, idleMs }: Silence,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  let hasTold = false;
  try {
    for (;;) {
      const piece = await readWithin(reader, hasTold ? idleMs : firstEventMs);
      if (piece === undefined) return;
      for (const event of parser.push(decoder.decode(piece, { stream: true }))) {
        hasTold = true;
        yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The next piece; undefined where there is none in time, or none any more. */
async function readWithin(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  milliseconds: number,
): Promise<Uint8Array | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  // A connection that breaks off ends like one that was closed: what matters is whether `done` was told.
  const read = reader.read().then(
    ({ value }) => value,
    () => undefined,
  );
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}
