import { StringDecoder } from "node:string_decoder";

/** An error that came as an event, or in place of one; its message is the body, as the SDK words an error answer. */
export class StreamedError extends Error {}

/**
 * Puts server-sent events together out of bytes: any line end, comments, `event:`, `id:`, and data of several lines.
 * Each byte is looked at once, however the network cuts them.
 * Source: html.spec.whatwg.org/multipage/server-sent-events.html, "Interpreting an event stream".
 */
export class EventStreamReader {
  /** A `TextDecoder` that is told of a stream takes ten times as long for a piece. */
  readonly #decoder = new StringDecoder();
  /** Of the line that has not ended yet. */
  #pieces: string[] = [];
  #endedByReturn = false;
  #data: string[] = [];
  /** Lines that are no field at all: some servers write an error in the midst of a stream as it is. */
  #strays: string[] = [];

  /** @returns the data of each event that these bytes complete; an error stands last, and ends the stream */
  add(bytes: Buffer): (string | StreamedError)[] {
    return this.#read(this.#decoder.write(bytes));
  }

  /** What is left when no bytes come any more: a last event whose blank line is missing, if it is whole. */
  end(): (string | StreamedError)[] {
    const events = this.#read(this.#decoder.end());
    if (this.#pieces.length > 0) this.#addLine(this.#takeLine(""));
    const last = this.#takeEvent();
    if (last === undefined || (typeof last === "string" && parseJson(last) === undefined)) return events;
    return [...events, last];
  }

  #read(text: string): (string | StreamedError)[] {
    const events: (string | StreamedError)[] = [];
    let from = 0;
    for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r/g)) {
      const isRestOfReturn = index === 0 && end === "\n" && this.#endedByReturn;
      if (!isRestOfReturn) {
        const line = this.#takeLine(text.slice(from, index));
        const event = line === "" ? this.#takeEvent() : this.#addLine(line);
        if (event !== undefined) events.push(event);
      }
      from = index + end.length;
    }
    if (text !== "") this.#endedByReturn = text.endsWith("\r");
    if (from < text.length) this.#pieces.push(text.slice(from));
    return events;
  }

  #takeLine(end: string): string {
    const line = this.#pieces.length === 0 ? end : [...this.#pieces, end].join("");
    this.#pieces = [];
    return line;
  }

  #addLine(line: string): undefined {
    // The mark of its byte order may stand before all.
    const [, field, value = ""] = /^\ufeff?([a-z]*)(?:: ?|$)(.*)$/s.exec(line) ?? [];
    if (field === "data") this.#data.push(value);
    else if (field === undefined || (field !== "" && !otherFields.has(field))) this.#strays.push(line);
  }

  #takeEvent(): string | StreamedError | undefined {
    // JSON has no line ends in its strings, and takes a blank for any other.
    const data = this.#data.join(" ").trim();
    const strays = this.#strays.join(" ").trim();
    this.#data = [];
    this.#strays = [];
    if (isError(data)) return new StreamedError(data);
    if (isError(strays)) return new StreamedError(strays);
    return data === "" || data === "[DONE]" ? undefined : data;
  }
}

const otherFields = new Set(["event", "id", "retry"]);

function isError(json: string): boolean {
  if (!json.includes('"error"')) return false;
  const parsed = parseJson(json);
  const body: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  const error = (body as { error?: unknown } | null | undefined)?.error;
  return typeof error === "object" && error !== null;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
