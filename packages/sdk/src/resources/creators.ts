import type {
  Creator,
  CreatorLimits,
  CreatorUpdate,
  ErasedFan,
  Insight,
  PastCreatorTerms,
  Quota,
} from "../api/creator.ts";
import { Pages } from "../http/pages.ts";
import type { Transport } from "../http/transport.ts";

export interface InsightsQuery {
  /** `creator` unless given. */
  scope?: "creator" | "everyone" | undefined;
  type?: string | undefined;
  /** Those that tell of this fan. */
  fanId?: string | undefined;
  limit?: number | undefined;
}

/** Creators: their plan, bucket, quota and profile, and what agents have learned for them. */
export class Creators {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes or changes a creator: what is left out stays; null goes back to the plan. */
  put(id: string, update: CreatorUpdate): Promise<Creator> {
    return this.#transport.json("PUT", path(id), { body: update });
  }

  get(id: string): Promise<Creator> {
    return this.#transport.json("GET", path(id));
  }

  /** In order of their ids. @param query `q` is a part of the id */
  list(query: { q?: string | undefined; limit?: number | undefined } = {}): Pages<Creator> {
    return new Pages(this.#transport, "/api/ai/creators", query);
  }

  /** Holds the creator's jobs back: what waits stays in its lane, what was released goes on. */
  pause(id: string): Promise<Creator> {
    return this.#transport.json("POST", `${path(id)}/pause`, { repeatable: true });
  }

  resume(id: string): Promise<Creator> {
    return this.#transport.json("POST", `${path(id)}/resume`, { repeatable: true });
  }

  /** The creator's bucket. Takes no token. */
  limits(id: string): Promise<CreatorLimits> {
    return this.#transport.json("GET", `${path(id)}/limits`);
  }

  /** What is spent, held and left of the creator's quota in the current UTC month. */
  quota(id: string): Promise<Quota> {
    return this.#transport.json("GET", `${path(id)}/quota`);
  }

  /** Plans and overrides of before, the latest first. */
  async history(id: string): Promise<PastCreatorTerms[]> {
    return (await this.#transport.json<{ items: PastCreatorTerms[] }>("GET", `${path(id)}/history`)).items;
  }

  /** What agents have learned, the latest first. */
  insights(id: string, query: InsightsQuery = {}): Pages<Insight> {
    return new Pages(this.#transport, `${path(id)}/insights`, query);
  }

  async deleteInsight(id: string, insightId: string): Promise<void> {
    await this.#transport.send("DELETE", `${path(id)}/insights/${encodeURIComponent(insightId)}`);
  }

  /** Erases all of one fan: jobs' inputs and results, memory, what was learned. May be repeated. */
  eraseFan(id: string, fanId: string): Promise<ErasedFan> {
    return this.#transport.json("DELETE", `${path(id)}/fans/${encodeURIComponent(fanId)}`);
  }
}

function path(id: string): string {
  return `/api/ai/creators/${encodeURIComponent(id)}`;
}
