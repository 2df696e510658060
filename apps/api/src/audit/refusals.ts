import { type Database, newId } from "@understudy/database";
import type { Logger } from "@understudy/service";
import type { ApiTelemetry } from "@understudy/telemetry";

const writeMs = 60_000;

/** As the audit log shows it, beside the operations of routes. */
const operation = "refused";

/** Who was refused, why, and how often since it was last written. */
interface Refused {
  actor: string;
  code: string;
  count: number;
  /** The last of them. */
  requestId: string;
}

/** Keeps record of requests that were answered with 401 and 403: each is counted, and each minute's sums are in the audit log. */
export class Refusals {
  readonly #database: Database;
  readonly #telemetry: Pick<ApiTelemetry, "refused">;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #sums = new Map<string, Refused>();

  constructor(database: Database, telemetry: Pick<ApiTelemetry, "refused">, logger: Logger) {
    this.#database = database;
    this.#telemetry = telemetry;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#write(), writeMs).unref();
  }

  /** @param actor a key that is known, or who it was: whoever makes ids up makes no rows and no series */
  note(actor: string, code: string, requestId: string): void {
    this.#telemetry.refused(actor, code);
    const sum = this.#sums.get(`${actor} ${code}`) ?? { actor, code, count: 0, requestId };
    this.#sums.set(`${actor} ${code}`, { ...sum, count: sum.count + 1, requestId });
  }

  /** Writes what was noted last. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    const sums = [...this.#sums.values()];
    this.#sums = new Map();
    if (sums.length === 0) return;
    const data = sums.map(({ actor, code, count, requestId }) => ({
      ...{ id: newId("aud"), actor, operation, requestId, changes: { count }, outcome: code },
    }));
    await this.#database.prisma.auditEntry
      .createMany({ data })
      .catch((err: unknown) =>
        this.#logger.warn({ err, refused: sums.length }, "refusals are not on record"),
      );
  }
}
