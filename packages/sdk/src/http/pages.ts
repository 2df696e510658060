import type { Transport } from "./transport.ts";

export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; undefined on the last one. */
  nextCursor?: string | undefined;
}

/** A list of the API: `for await` goes through all of it, page by page as they are needed; `page` asks for one. */
export class Pages<Item> implements AsyncIterable<Item> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #query: object;

  /** Made by the client's `list` methods. */
  constructor(transport: Transport, path: string, query: object = {}) {
    this.#transport = transport;
    this.#path = path;
    this.#query = query;
  }

  /** @param cursor the `nextCursor` of the page before; the first page without it */
  page(cursor?: string): Promise<Page<Item>> {
    return this.#transport.json("GET", this.#path, { query: { ...this.#query, cursor } });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.page(cursor);
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}
