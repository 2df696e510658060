import type { ModelRole, Price, RegisteredModel } from "@understudy/contracts";
import type { ListedModel } from "../client/gemini-models.ts";
import { type Drift, findDrift } from "../prices/drift.ts";

/** One thing that is not as it should be, or soon will not be. */
export interface ModelFinding {
  model: string;
  /** In words. */
  what: string;
  /** Jobs would fail or be billed wrongly, or somebody has to choose; else it is good to know. */
  isWrong: boolean;
}

/** What is compared. */
export interface Registry {
  models: readonly RegisteredModel[];
  prices: readonly Price[];
  /** Models by role, of all, of plans, and of creators. */
  roles: readonly {
    role: ModelRole;
    plan?: string | undefined;
    creatorId?: string;
    models: readonly string[];
  }[];
  /** What Gemini lists; undefined where it was not asked. */
  listed: readonly ListedModel[] | undefined;
  now: Date;
}

const dayMs = 86_400_000;

/** Within so many days of its end a model in a role is told of. */
const retiringDays = 60;

/** No page says in which time zone a price changes, so the day before and the day after are told of. */
const switchMs = dayMs;

/** What is wrong with the registry, or worth knowing; what stands in roles comes first. */
export function checkRegistry(registry: Registry): ModelFinding[] {
  const { models, roles, now, listed } = registry;
  const called = new Set(roles.flatMap((role) => role.models.map(shortName)));
  const prices = asOf(registry.prices, now);
  const findings = [
    ...roles.flatMap((role) => unregistered(role, models)),
    ...models.flatMap((model) => lifeOf(model, called.has(model.model), now)),
    ...models.flatMap((model) => unpriced(model, called.has(model.model), prices)),
    ...(listed ? models.flatMap((model) => limitsOf(model, called.has(model.model), listed)) : []),
    ...(listed ?? []).flatMap((one) => unknownHere(one, models)),
    ...switches(registry.prices, payableOf(called, models), now),
    ...driftsOf(findDrift(prices, now)),
  ];
  return findings.sort((one, other) => Number(other.isWrong) - Number(one.isWrong));
}

/** A role may name what was never registered. */
function unregistered(
  { role, plan, creatorId, models }: Registry["roles"][number],
  known: readonly RegisteredModel[],
): ModelFinding[] {
  const ofPlan = plan === undefined ? "" : ` of plan ${plan}`;
  const whose = creatorId === undefined ? ofPlan : ` of creator ${creatorId}`;
  return models
    .filter((name) => !known.some(({ model }) => model === shortName(name)))
    .map((model) => ({
      model,
      what: `stands in role ${role}${whose}, and is not registered`,
      isWrong: true,
    }));
}

function lifeOf(row: RegisteredModel, isCalled: boolean, now: Date): ModelFinding[] {
  const { model, status, retiresAt, routedTo } = row;
  const then = routedTo === undefined ? "" : `; ${routedTo} answers in its place, at its own price`;
  if (status === "retired")
    return isCalled ? [{ model, what: "stands in a role, and is retired", isWrong: true }] : [];
  const found: ModelFinding[] = [];
  if (status === "unavailable")
    found.push({ model, what: "is not there for a project of ours: Gemini has said so", isWrong: isCalled });
  if (retiresAt === undefined) {
    if (isCalled && routedTo !== undefined)
      found.push({ model, what: `stands in a role, and is routed${then}`, isWrong: false });
    return found;
  }
  const days = Math.ceil((Date.parse(retiresAt) - now.getTime()) / dayMs);
  if (days > retiringDays) return found;
  const when =
    Date.parse(retiresAt) > now.getTime()
      ? `retires at ${retiresAt}, in ${days} ${days === 1 ? "day" : "days"}`
      : `has retired at ${retiresAt}`;
  return [...found, { model, what: `${when}${then}`, isWrong: isCalled }];
}

function unpriced(row: RegisteredModel, isCalled: boolean, prices: readonly Price[]): ModelFinding[] {
  if (row.status === "retired") return [];
  const price = prices.find(
    ({ model, serviceTier, inForce }) => model === row.model && serviceTier === "standard" && inForce,
  );
  const rates = price && [price.inputUsd, ...(row.capabilities.purpose === "embed" ? [] : [price.outputUsd])];
  if (rates?.every((usd) => Number(usd) > 0)) return [];
  const what = `has ${price ? "a price of nothing" : "no price"}, so it can't be called`;
  return [{ model: row.model, what, isWrong: isCalled }];
}

function limitsOf(row: RegisteredModel, isCalled: boolean, listed: readonly ListedModel[]): ModelFinding[] {
  const { model, provider, status, capabilities } = row;
  if (provider !== "gemini" || status === "retired") return [];
  const theirs = listed.find(({ name }) => shortName(name) === model);
  if (!theirs) return [{ model, what: "is not in Gemini's models.list", isWrong: isCalled }];
  if (capabilities.purpose === "embed") return [];
  const found: ModelFinding[] = [];
  const { outputTokenLimit: limit, thinking } = theirs;
  if (limit !== undefined && limit !== capabilities.outputTokensMax) {
    const what = `outputTokensMax is ${capabilities.outputTokensMax} here, and ${limit} at Gemini`;
    found.push({ model, what, isWrong: limit < capabilities.outputTokensMax });
  }
  if (thinking !== undefined && thinking !== (capabilities.thinking !== null)) {
    const what = `${thinking ? "thinks" : "does not think"} by Gemini's models.list; the registry has it the other way`;
    found.push({ model, what, isWrong: true });
  }
  return found;
}

/** Google also lists what is no text model of ours: images, speech, aliases. */
function unknownHere({ name }: ListedModel, models: readonly RegisteredModel[]): ModelFinding[] {
  if (!/^gemini-/.test(name) || models.some(({ model }) => model === shortName(name))) return [];
  return [{ model: name, what: "is listed by Gemini, and not registered", isWrong: false }];
}

/** Models that calls of roles may be paid as: those of the roles, and who answers in their place. */
function payableOf(called: ReadonlySet<string>, models: readonly RegisteredModel[]): Set<string> {
  const payable = new Set(called);
  // A set's walk takes in what is added to it on the way.
  for (const name of payable) {
    const routedTo = models.find(({ model }) => model === name)?.routedTo;
    if (routedTo !== undefined) payable.add(routedTo);
  }
  return payable;
}

function switches(prices: readonly Price[], payable: ReadonlySet<string>, now: Date): ModelFinding[] {
  const near = prices.filter(({ validFrom, ...price }) => {
    const isFirst = !prices.some(
      (other) =>
        other.model === price.model && other.serviceTier === price.serviceTier && other.validFrom < validFrom,
    );
    return !isFirst && Math.abs(Date.parse(validFrom) - now.getTime()) <= switchMs;
  });
  const standard = near.filter(({ serviceTier }) => serviceTier === "standard");
  return standard.map(({ model, validFrom, inputUsd, outputUsd }) => ({
    model,
    what: `costs $${inputUsd} in and $${outputUsd} out for a million tokens from ${validFrom} on: within 24 hours of now`,
    isWrong: payable.has(model),
  }));
}

/** One line for each model. */
function driftsOf(drifts: readonly Drift[]): ModelFinding[] {
  const news = drifts.filter(({ known }) => known === undefined);
  return [...new Set(news.map(({ model }) => model))].map((model) => {
    const differing = news.filter((drift) => drift.model === model);
    const told = differing.map(
      ({ field, ours, theirs, at }) =>
        `${field} is ${ours} here, ${theirs} there (${at.toISOString().slice(0, 10)})`,
    );
    return { model, what: `has another price in genai-prices: ${told.join("; ")}`, isWrong: true };
  });
}

/** Prices as they stand at that time, which need not be the API's. */
function asOf(prices: readonly Price[], now: Date): Price[] {
  const begun = prices.filter(({ validFrom }) => new Date(validFrom) <= now);
  return prices.map((price) => ({
    ...price,
    inForce:
      begun.includes(price) &&
      !begun.some(
        (other) =>
          other.model === price.model &&
          other.serviceTier === price.serviceTier &&
          Date.parse(other.validFrom) > Date.parse(price.validFrom),
      ),
  }));
}

/** The name under which a model is registered. */
function shortName(name: string): string {
  return name.replace(/^models\//, "").replace(/^(gemini-(?!embedding).*)-001$/, "$1");
}
