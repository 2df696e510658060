import type { ModelRole } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { raiseAlert } from "@understudy/ledger";
import type { ModelRegistry } from "./model-registry.ts";

/** So many days before its end a model that stands in a role is told of; the last that has begun counts. */
const tellingDays = [2, 14, 60] as const;

const dayMs = 86_400_000;

/** A model that stands in a role, and will end. */
export interface Retirement {
  model: string;
  retiresAt: Date;
  /** Until then, a part of a day as a whole one. */
  days: number;
  /** Which of `tellingDays` has begun. */
  toldAtDays: (typeof tellingDays)[number];
  roles: ModelRole[];
}

/** Models of any role, a plan's or creator's too, that end within 60 days; the soonest first. */
export async function retirements(registry: ModelRegistry, now: Date): Promise<Retirement[]> {
  const [{ models }, rolesByModel] = await Promise.all([registry.rows(), registry.rolesByModel()]);
  return [...models.values()]
    .flatMap(({ model, status, retiresAt }): Retirement[] => {
      const roles = rolesByModel.get(model);
      if (!roles || status === "retired" || !retiresAt || retiresAt <= now) return [];
      const days = Math.ceil((retiresAt.getTime() - now.getTime()) / dayMs);
      const toldAtDays = tellingDays.find((most) => days <= most);
      return toldAtDays === undefined ? [] : [{ model, retiresAt, days, toldAtDays, roles }];
    })
    .sort((one, other) => one.retiresAt.getTime() - other.retiresAt.getTime());
}

/** Tells operators of models that will end: 60, 14 and 2 days before, once each; a date that is put off is told anew. */
export async function raiseRetirements(database: Database, registry: ModelRegistry): Promise<void> {
  for (const { model, retiresAt, days, toldAtDays, roles } of await retirements(
    registry,
    database.clock.now(),
  )) {
    const data = { model, retiresAt: retiresAt.toISOString(), days, roles };
    const key = [model, toldAtDays, data.retiresAt].join(":");
    await raiseAlert(database, { type: "model_retiring", creatorId: null, data }, key);
  }
}
