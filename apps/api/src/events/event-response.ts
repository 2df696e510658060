import { once } from "node:events";
import type { JobEvent } from "@understudy/contracts";
import type { Response } from "express";

/** How long a reader may leave unread what was sent before it is cut off. */
const stalledMsMax = 30_000;

/** An answer of server-sent events. Source: html.spec.whatwg.org, section 9.2. */
export class EventResponse {
  readonly #response: Response;
  readonly #stalledMs: number;

  /** Sends the head of the answer. @param stalledMs another patience with readers that do not read, for tests */
  constructor(response: Response, stalledMs = stalledMsMax) {
    this.#response = response;
    this.#stalledMs = stalledMs;
    response.status(200).set({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      // Proxies of nginx's kind would hold events back until they have a page full.
      "x-accel-buffering": "no",
      // Nothing comes after the last event, and a server that stops waits for its connections.
      connection: "close",
    });
    response.flushHeaders();
  }

  get isGone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** @param id what `Last-Event-ID` brings back */
  send({ event, data }: JobEvent, id: string): Promise<void> {
    // JSON has no line breaks of its own: one line of data.
    return this.#write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A comment, so that nobody on the way takes a silent connection for a dead one. */
  beat(): Promise<void> {
    return this.#write(": still here\n\n");
  }

  end(): void {
    this.#response.end();
  }

  /** Waits until the reader has room for more: nothing piles up here. One that does not read is cut off. */
  async #write(text: string): Promise<void> {
    const response = this.#response;
    if (this.isGone || response.write(text)) return;
    const timer = setTimeout(() => response.destroy(), this.#stalledMs);
    const settled = new AbortController();
    const either = { signal: settled.signal };
    await Promise.race([once(response, "drain", either), once(response, "close", either)]).catch(() => {});
    settled.abort();
    clearTimeout(timer);
  }
}
