import { type ModelRole, modelRoles } from "@understudy/contracts";
import { openDatabase } from "@understudy/database";
import { type Candidate, PriceBook } from "@understudy/ledger";
import { ModelRegistry, type Retirement, retirements } from "@understudy/models";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { Settings } from "./settings.ts";

/** What the registry says of the models that will be called. */
export interface RegisteredRoles {
  /** Why API and workers would not start; in words. */
  faults: string[];
  retiring: Retirement[];
  /** Of each role of texts, for all and for plans: models that can be called, in their order. */
  text: { role: ModelRole; candidates: Candidate[] }[];
  /** Models that find what is alike. */
  embed: string[];
}

/** @returns undefined where Postgres does not answer, or has no registry yet: other lines say so */
export async function readRoles(settings: Settings): Promise<RegisteredRoles | undefined> {
  const url = settings.DATABASE_URL;
  if (url === undefined) return undefined;
  const database = openDatabase(url, 1);
  try {
    const registry = new ModelRegistry(database, new PriceBook(database), {
      preferred: settings.GEMINI_MODEL,
    });
    const text = await Promise.all(
      modelRoles
        .filter((role) => role !== "embed")
        .map(async (role) => {
          const found = await registry.candidates({ role, creatorId: "" }, "standard");
          return { role, candidates: found.kind === "callable" ? found.candidates : [] };
        }),
    );
    const rolesByModel = await registry.rolesByModel();
    const embed = [...rolesByModel].flatMap(([model, roles]) => (roles.includes("embed") ? [model] : []));
    return {
      faults: await registry.faults(),
      retiring: await retirements(registry, database.clock.now()),
      text,
      embed,
    };
  } catch {
    return undefined;
  } finally {
    await database.close();
  }
}

/** Whether each role has a model that can be called, and which of them will end. */
export function checkModels(roles: RegisteredRoles | undefined): Finding[] {
  if (!roles) return [];
  const { faults, retiring } = roles;
  return [
    ...(faults.length === 0 ? [ok("models", "each role has one that is registered and priced")] : []),
    ...faults.map((fault) =>
      fail("models", fault, "see `npm run models -- list`, and docs/operations.md, The real Gemini"),
    ),
    ...retiring.map(({ model, retiresAt, days, roles: names }) =>
      warn(
        "models",
        `${model} retires at ${retiresAt.toISOString()}, in ${days} ${days === 1 ? "day" : "days"}: it answers for ${names.join(", ")}`,
        "`npm run models -- roles ROLE MODEL…` sets others",
      ),
    ),
  ];
}
