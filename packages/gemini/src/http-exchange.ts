import type { HttpOptions } from "@google/genai";
import type { Dispatcher } from "undici";
import { EventStreamReader, StreamedError } from "./event-stream.ts";

/** What is seen of an HTTP exchange beside the answer itself. */
export interface Exchange {
  status: number;
  headers: Record<string, string>;
}

/**
 * One HTTP exchange, over undici's `dispatch`: without the signal, the stream and the `Response` that `request` and
 * `fetch` make for each. It stands among the SDK's options: whoever asks through the SDK can see and end it.
 */
export class HttpExchange implements HttpOptions, Dispatcher.DispatchHandler {
  /** Sent beside those of all requests. */
  readonly headers: Record<string, string>;
  /** Undefined where no answer's headers have come. */
  seen: Exchange | undefined;
  /** What has come and is not read yet. */
  #bytes: Buffer[] = [];
  #isWhole = false;
  #failure: Error | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #wake = () => {};

  constructor(headers: Record<string, string>) {
    this.headers = headers;
  }

  /** Sends the request, and waits for its answer to begin. Follows no redirects: one call is one HTTP request. */
  async begin(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions): Promise<Exchange> {
    if (!this.#failure) dispatcher.dispatch(request, this);
    while (!this.seen) await this.#news();
    return this.seen;
  }

  /** The whole answer. */
  async text(): Promise<string> {
    while (!this.#isWhole) await this.#news();
    return decoder.decode(Buffer.concat(this.#bytes));
  }

  /**
   * The data of each server-sent event. An exchange that is read no further is ended, and its connection with it.
   * @throws StreamedError
   */
  async *events<Read>(read: (data: string) => Read): AsyncGenerator<Read, void> {
    const reader = new EventStreamReader();
    try {
      for (;;) {
        const isEnd = this.#isWhole;
        const events = this.#bytes.splice(0).flatMap((bytes) => reader.add(bytes));
        if (isEnd) events.push(...reader.end());
        for (const event of events) {
          if (event instanceof StreamedError) throw event;
          yield read(event);
        }
        if (isEnd) return;
        if (this.#bytes.length === 0 && !this.#isWhole) await this.#news();
      }
    } finally {
      this.abort();
    }
  }

  /** Ends what is under way, if anything is. */
  abort(): void {
    if (this.#isWhole || this.#failure) return;
    this.#failure = new Error("The exchange was ended.");
    this.#controller?.abort(this.#failure);
    this.#wake();
  }

  /** @throws where nothing comes any more */
  async #news(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Ended while its connection was being made.
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    // Interim answers tell nothing.
    if (status < 200) return;
    this.seen = { status, headers: {} };
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.seen.headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
    this.#wake();
  }

  onResponseData(_: unknown, bytes: Buffer): void {
    this.#bytes.push(bytes);
    this.#wake();
  }

  onResponseEnd(): void {
    this.#isWhole = true;
    this.#wake();
  }

  onResponseError(_: unknown, error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

const decoder = new TextDecoder();
