import type { Database } from "@understudy/database";
import { raiseAlert } from "./alerts/raise-alert.ts";
import type { CallAnswer, OpenCall } from "./call.ts";
import { formatUsd } from "./money.ts";
import type { Settlement } from "./settlement.ts";

/** Tells operators of models that answer in the place of others, though the registry does not say so. */
export class ReroutedAlert {
  readonly #database: Database;
  /** Pairs of models of which operators were told from here: a few. */
  readonly #told = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Once for each pair of models. The call is paid for by now: without the alert it is `estimated` all the same. */
  async tell({ id, price }: OpenCall, answer: CallAnswer, { costUsd }: Settlement): Promise<void> {
    if (answer.kind !== "answered") return;
    const modelVersion = answer.modelVersion ?? "";
    const data = { model: price.model, modelVersion, callId: id, costUsd: formatUsd(costUsd) };
    const key = `${price.model}:${modelVersion}`;
    if (this.#told.has(key)) return;
    const facts = { type: "model_rerouted", creatorId: null, data } as const;
    const isTold = await raiseAlert(this.#database, facts, key).then(
      () => true,
      () => false,
    );
    if (isTold) this.#told.add(key);
  }
}
