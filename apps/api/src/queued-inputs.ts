import type { Database } from "@understudy/database";
import { queuedBytes } from "@understudy/jobs";
import { laneFull } from "./full-lanes.ts";

/** Of all inputs of one creator's jobs that wait, in bytes of JSON. */
const laneBytesMax = 256 * 1024 * 1024;

/** Postgres is asked after so many more were let in here: so much may a lane pass its bound by, for each API process. */
const unseenBytesMax = 16 * 1024 * 1024;

/** How long what Postgres has said is taken for true where a lane is full. */
const lookAgainMs = 1_000;

/** Creators of one process at once. */
const creatorsMax = 10_000;

interface Known {
  /** As Postgres said, and what was let in here since. */
  bytes: number;
  unseenBytes: number;
  lookedAt: number;
  looking: Promise<void> | undefined;
}

/**
 * Bounds what the inputs of a creator's waiting jobs take. What was let in here is summed up; only where that is much is
 * Postgres asked what still waits.
 */
export class QueuedInputs {
  readonly #database: Database;
  readonly #known = new Map<string, Known>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws a 429 problem where a creator's jobs that wait have no room for so many bytes more */
  async refuse(creatorId: string, bytes: number): Promise<void> {
    const known = this.#known.get(creatorId);
    if (!known || known.bytes + bytes <= laneBytesMax) return;
    if (performance.now() - known.lookedAt > lookAgainMs) await this.#look(creatorId, known);
    if (known.bytes + bytes <= laneBytesMax) return;
    throw laneFull(
      `The inputs of jobs of ${creatorId} that wait take ${laneBytesMax / 1024 / 1024} MiB: as much as they may.`,
      10,
    );
  }

  /** A job was let in. */
  note(creatorId: string, bytes: number): void {
    const known = this.#known.get(creatorId) ?? {
      bytes: 0,
      unseenBytes: 0,
      lookedAt: Number.NEGATIVE_INFINITY,
      looking: undefined,
    };
    known.bytes += bytes;
    known.unseenBytes += bytes;
    // The latest is the last to be forgotten.
    this.#known.delete(creatorId);
    this.#known.set(creatorId, known);
    if (this.#known.size > creatorsMax) this.#forgetOldest();
    if (known.unseenBytes > unseenBytesMax) void this.#look(creatorId, known);
  }

  /** Best effort: where Postgres is away no job is accepted, either. */
  async #look(creatorId: string, known: Known): Promise<void> {
    known.looking ??= this.#read(creatorId, known).finally(() => {
      known.looking = undefined;
    });
    await known.looking;
  }

  async #read(creatorId: string, known: Known): Promise<void> {
    const unseenBefore = known.unseenBytes;
    const bytes = await queuedBytes(this.#database, creatorId).catch(() => undefined);
    if (bytes === undefined) return;
    known.lookedAt = performance.now();
    // What came meanwhile may be in the sum or not: it is counted.
    known.unseenBytes -= unseenBefore;
    known.bytes = bytes + known.unseenBytes;
  }

  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
