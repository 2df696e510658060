import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";

/** Written at most once a minute for each key, however many processes use it. */
const coarseMs = 60_000;
const flushMs = 5_000;

/** When keys were last used, to the minute: noted in memory, written now and then. */
export class LastUses {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #used = new Set<string>();
  readonly #writtenAt = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#write(), flushMs).unref();
  }

  note(keyId: string): void {
    this.#used.add(keyId);
  }

  /** Writes what was noted last. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    const now = this.#database.clock.now().getTime();
    const due = [...this.#used].filter((id) => now - (this.#writtenAt.get(id) ?? 0) >= coarseMs);
    this.#used.clear();
    // One by one: locked together, two processes could wait for each other.
    for (const id of due) await this.#writeOne(id, now);
  }

  async #writeOne(id: string, now: number): Promise<void> {
    const old = { OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: new Date(now - coarseMs) } }] };
    try {
      const { apiKey } = this.#database.prisma;
      await apiKey.updateMany({ where: { id, ...old }, data: { lastUsedAt: new Date(now) } });
      this.#writtenAt.set(id, now);
    } catch (err) {
      this.#logger.warn({ err, keyId: id }, "when the key was last used is not written down");
    }
  }
}
