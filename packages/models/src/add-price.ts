import type { ModelRole, NewPrice } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { addPrice, type PriceAddition, plannedPrice } from "@understudy/ledger";
import type { ModelRegistry } from "./model-registry.ts";

/** What became of the wish to add a price of a model. */
export type ModelPriceAddition =
  | PriceAddition
  /** It is one of nothing: from then on no model of these roles could be called. */
  | { kind: "leaves_empty"; roles: ModelRole[] };

/** Adds a price as `addPrice` does. One of nothing ends a model's calls, so it must leave others to each of its roles. */
export async function addModelPrice(
  database: Database,
  registry: ModelRegistry,
  price: NewPrice,
): Promise<ModelPriceAddition> {
  const now = database.clock.now();
  registry.refresh();
  registry.prices.refresh();
  const roles = await registry.emptiedByPrice(plannedPrice(price, now));
  if (roles.length > 0) return { kind: "leaves_empty", roles };
  return addPrice(database, registry.prices, price, now);
}
