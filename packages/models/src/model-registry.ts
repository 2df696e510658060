import { type ModelRole, modelRoles, type ServiceTier, type Step, textRoles } from "@understudy/contracts";
import { type Database, KeptRead } from "@understudy/database";
import {
  type CallPrices,
  type Candidate,
  isFree,
  modelNames,
  type Price,
  type PriceBook,
} from "@understudy/ledger";
import { type RegisteredRow, type RegistryRows, readRegistry } from "./registry-rows.ts";

/** How long rows are kept before they are read anew: what is changed elsewhere counts after that. In milliseconds. */
const keepMs = 30_000;

/** Whose models are called. */
export const defaultProvider = "gemini";

/** How long a list of candidates is kept: a price that begins within a minute is among them. In milliseconds. */
const keptListMs = 1_000;

interface KeptList {
  /** By this process' steady clock, in milliseconds. */
  at: number;
  candidates: readonly Candidate[];
}

/** What a call is made for, and for whom. */
export interface ModelWish {
  role: ModelRole;
  /** In place of the role's. */
  model?: string | undefined;
  creatorId: string;
  /** The creator's plan, whose jobs may have models of their own. */
  plan?: string | undefined;
  /** The answer has to fit a schema. */
  isStructured?: boolean;
}

/** Models that may answer, the first that can be called first. */
export type Candidates =
  | { kind: "callable"; candidates: [Candidate, ...Candidate[]] }
  /** None is registered, priced, and not retired. */
  | { kind: "unknown_model"; model: string; models: string[] };

/** Where calls go to, as far as a provider's word about a model holds there alone. */
export interface ProviderProject {
  provider: string;
  /** Of the key and the address. */
  project: string;
  apiVersion: string;
}

/** What models can do, and what they cost from one time after the other on. */
interface RegistryState {
  rows: RegistryRows;
  prices: readonly CallPrices[];
}

/** The models that there are and what they are called for, kept in memory. */
export class ModelRegistry {
  readonly prices: PriceBook;
  readonly #database: Database;
  readonly #rows: KeptRead<RegistryRows>;
  readonly #preferred: string | undefined;
  readonly #project: ProviderProject | undefined;
  /** By what was read: what is read anew is worked out anew. */
  readonly #kept = new WeakMap<RegistryRows, Map<string, KeptList>>();

  /**
   * @param options.preferred the model that comes first in the text roles of all: GEMINI_MODEL
   * @param options.project whose unavailable models are left out; without it none are
   */
  constructor(
    database: Database,
    prices: PriceBook,
    options: { preferred?: string | undefined; project?: ProviderProject } = {},
  ) {
    this.#database = database;
    this.prices = prices;
    this.#preferred = options.preferred;
    this.#project = options.project;
    const provider = options.project?.provider ?? defaultProvider;
    this.#rows = new KeptRead(() => readRegistry(database, provider), keepMs);
  }

  /** The models that may answer, each with what it can do and may cost when a call of it begins now. */
  async candidates(wish: ModelWish, serviceTier: ServiceTier): Promise<Candidates> {
    return this.#rows.find(
      () => this.#candidates(wish, serviceTier),
      ({ kind }) => kind === "callable",
    );
  }

  /** The models that may answer a step. */
  candidatesFor(
    { role, model, serviceTier = "standard", output }: Step & { role: ModelRole },
    whose: Pick<ModelWish, "creatorId" | "plan">,
  ): Promise<Candidates> {
    return this.candidates({ ...whose, role, model, isStructured: output !== undefined }, serviceTier);
  }

  async #candidates(wish: ModelWish, serviceTier: ServiceTier): Promise<Candidates> {
    const rows = await this.#rows.get();
    const names = wish.model === undefined ? this.#namesFor(rows, wish) : [wish.model];
    const listed = await this.#listed(rows, names, serviceTier);
    const fit = wish.isStructured
      ? listed.filter(({ capabilities }) => capabilities.structuredOutput !== null)
      : listed;
    const available = fit.filter(({ prices }) => this.#isAvailable(rows, prices[0].model));
    // Where all are gone the provider may say so once more: it may have them again.
    const [best, ...others] = available.length > 0 ? available : fit;
    if (best) return { kind: "callable", candidates: [best, ...others] };
    return { kind: "unknown_model", model: names[0] ?? "", models: await this.callable() };
  }

  /** Those of a list that can be called, each once. Kept for a second: it is asked for at each accepted job. */
  async #listed(
    rows: RegistryRows,
    names: readonly string[],
    serviceTier: ServiceTier,
  ): Promise<readonly Candidate[]> {
    const kept = this.#kept.get(rows) ?? new Map<string, KeptList>();
    this.#kept.set(rows, kept);
    const key = `${serviceTier} ${names.join(" ")}`;
    const before = kept.get(key);
    if (before && performance.now() - before.at < keptListMs) return before.candidates;
    const candidates: Candidate[] = [];
    for (const name of names) {
      const candidate = await this.#candidate(rows, name, serviceTier);
      if (candidate && !candidates.some(({ prices }) => prices[0].model === candidate.prices[0].model))
        candidates.push(candidate);
    }
    // Names that nobody knows may be asked for without end.
    if (candidates.length > 0) kept.set(key, { at: performance.now(), candidates });
    return candidates;
  }

  /** Names of all models that can be called for text, in order. */
  async callable(): Promise<string[]> {
    const rows = await this.#rows.get();
    const found = await Promise.all(
      [...rows.models.keys()].map(async (name) =>
        (await this.#candidate(rows, name, "standard")) ? [name] : [],
      ),
    );
    return found.flat().sort();
  }

  /** The first model of a role that can be called, for all. */
  async firstOf(role: ModelRole, wish: Omit<ModelWish, "role"> = { creatorId: "" }): Promise<string> {
    const rows = await this.#rows.get();
    const names = wish.model === undefined ? this.#namesFor(rows, { ...wish, role }) : [wish.model];
    const [first] = await this.#listed(rows, names, "standard");
    return first?.prices[0].model ?? registeredName(rows, names[0] ?? "");
  }

  /**
   * Roles of all in which no model can be called, and GEMINI_MODEL where it can't be: with them nothing starts.
   * @returns in words, one fault each
   */
  async faults(): Promise<string[]> {
    const rows = await this.#rows.get();
    const faults: string[] = [];
    if (this.#preferred !== undefined && !(await this.#fits(rows, "draft", this.#preferred)))
      faults.push(
        `GEMINI_MODEL: ${this.#preferred} has no price or is not registered. Known: ${(await this.callable()).join(", ")}`,
      );
    for (const role of modelRoles) {
      const names = this.#namesFor(rows, { role, creatorId: "" });
      if (!(await this.#anyFits(rows, role, names)))
        faults.push(
          `role ${role}: none of ${names.join(", ") || "no models"} is registered, priced and not retired`,
        );
    }
    if (rows.unreadable.length > 0 && faults.length > 0)
      faults.push(`what these can do can't be read: ${rows.unreadable.join(", ")}`);
    return faults;
  }

  /** Roles, of all or of anybody's own, in which sometime no model could be called after a change of rows, and one could before. */
  async emptiedBy(after: Pick<RegistryRows, "models">): Promise<ModelRole[]> {
    const rows = await this.#rows.get();
    const prices = await this.prices.pricesFrom(this.#database.clock.now());
    return this.#emptied({ rows, prices }, { rows: { ...rows, ...after }, prices });
  }

  /** The same of a price that is added. */
  async emptiedByPrice(price: Price): Promise<ModelRole[]> {
    if (!isFree(price)) return [];
    const rows = await this.#rows.get();
    const [before, after] = await Promise.all([
      this.prices.pricesFrom(price.validFrom),
      this.prices.pricesFrom(price.validFrom, price),
    ]);
    return this.#emptied({ rows, prices: before }, { rows, prices: after });
  }

  async #emptied(before: RegistryState, after: RegistryState): Promise<ModelRole[]> {
    const lists = before.rows.roles.map(({ role, models }) => [role, models] as const);
    if (this.#preferred !== undefined) lists.push(["draft", [this.#preferred]]);
    const emptied: ModelRole[] = [];
    for (const [role, models] of lists)
      for (const [index, prices] of after.prices.entries()) {
        if (await this.#anyFits(after.rows, role, models, prices)) continue;
        if (await this.#anyFits(before.rows, role, models, before.prices[index])) emptied.push(role);
      }
    return [...new Set(emptied)];
  }

  /** Whether plans have models of their own anywhere: else nobody has to know a creator's plan. */
  async isByPlan(): Promise<boolean> {
    return (await this.#rows.get()).roles.some(({ planName }) => planName !== null);
  }

  /** The roles in which each registered model stands: of all, GEMINI_MODEL's, and those of plans and creators. */
  async rolesByModel(): Promise<Map<string, ModelRole[]>> {
    const rows = await this.#rows.get();
    const found = new Map<string, ModelRole[]>();
    for (const role of modelRoles) {
      const own = rows.roles.filter((row) => row.role === role).flatMap(({ models }) => models);
      const names = [...this.#namesFor(rows, { role, creatorId: "" }), ...own];
      for (const model of new Set(names.flatMap((name) => rowOf(rows, name)?.model ?? [])))
        found.set(model, [...(found.get(model) ?? []), role]);
    }
    return found;
  }

  /** Whether a list of models would leave a role empty, now or when a price ends. */
  async isEmpty(role: ModelRole, models: readonly string[]): Promise<boolean> {
    const rows = await this.#rows.get();
    for (const prices of await this.prices.pricesFrom(this.#database.clock.now()))
      if (!(await this.#anyFits(rows, role, models, prices))) return true;
    return false;
  }

  async #anyFits(
    rows: RegistryRows,
    role: ModelRole,
    names: readonly string[],
    prices?: CallPrices,
  ): Promise<boolean> {
    for (const name of names) if (await this.#fits(rows, role, name, prices)) return true;
    return false;
  }

  /** Whether a model can do what a role is for: embed, or write an object, or for a summary a text. */
  async #fits(
    rows: RegistryRows,
    role: ModelRole,
    name: string,
    prices: CallPrices = this.prices,
  ): Promise<boolean> {
    if (role !== "embed") {
      const candidate = await this.#candidate(rows, name, "standard", prices);
      return (
        candidate !== undefined && (role === "summary" || candidate.capabilities.structuredOutput !== null)
      );
    }
    const row = rowOf(rows, name);
    if (!row || row.status === "retired" || row.capabilities.purpose !== "embed") return false;
    const [price] = await prices.pricesNow(row.model, "standard");
    return price !== undefined && !price.inputUsd.isZero();
  }

  /** Notes that the provider does not have a model, for this project alone. @returns whether that is news */
  async markUnavailable(model: string): Promise<boolean> {
    if (!this.#project) return false;
    if (!this.#isAvailable(await this.#rows.get(), model)) return false;
    const mark = { ...this.#project, model };
    const { prisma } = this.#database;
    await prisma.modelUnavailable.upsert({
      where: { provider_project_apiVersion_model: mark },
      create: mark,
      update: { since: this.#database.clock.now() },
    });
    this.refresh();
    return true;
  }

  /** Takes that back: it has answered. */
  async markAvailable(model: string): Promise<void> {
    if (!this.#project || this.#isAvailable(await this.#rows.get(), model)) return;
    await this.#database.prisma.modelUnavailable.deleteMany({ where: { ...this.#project, model } });
    this.refresh();
  }

  /** Reads the registry anew when next asked: it was changed here. */
  refresh(): void {
    this.#rows.refresh();
  }

  rows(): Promise<RegistryRows> {
    return this.#rows.get();
  }

  #isAvailable(rows: RegistryRows, model: string): boolean {
    const project = this.#project;
    return !project || !rows.unavailable.some((one) => isSame(one, { ...project, model }));
  }

  #namesFor(rows: RegistryRows, { role, creatorId, plan }: ModelWish): string[] {
    const own = rows.roles.filter((row) => row.role === role);
    const ofCreator = own.find((row) => row.creatorId === creatorId && creatorId !== "");
    if (ofCreator) return ofCreator.models;
    const ofAll = [
      ...(this.#preferred !== undefined && textRoles.some((text) => text === role) ? [this.#preferred] : []),
      ...own.filter((row) => row.planName === null && row.creatorId === null).flatMap(({ models }) => models),
    ];
    return own.find((row) => row.planName !== null && row.planName === plan)?.models ?? ofAll;
  }

  /** @returns undefined where it can't be called: not registered, retired, no price, or more than text comes of it */
  async #candidate(
    rows: RegistryRows,
    name: string,
    serviceTier: ServiceTier,
    callPrices: CallPrices = this.prices,
  ): Promise<Candidate | undefined> {
    const row = rowOf(rows, name);
    if (!row || row.status === "retired" || !writesText(row)) return undefined;
    const [own, ...soon] = await callPrices.pricesNow(row.model, serviceTier);
    if (!own || isFree(own)) return undefined;
    const routedTo = successorsOf(rows, row);
    const [successor] = routedTo;
    const isRouted =
      row.retiresAt !== null && row.retiresAt <= this.#database.clock.now() && successor !== undefined;
    return {
      // From its end on who answers is asked by their own name: which parameters are right is certain then.
      model: isRouted ? successor.model : name,
      capabilities: isRouted ? successor.capabilities : row.capabilities,
      prices: [own, ...soon, ...(await this.#otherPrices(row.model, routedTo, serviceTier))],
      routedTo: routedTo.map(({ model }) => model),
    };
  }

  /** Of who may answer in a model's place; and of the standard tier, as which another may be served. */
  async #otherPrices(
    model: string,
    routedTo: readonly RegisteredRow[],
    serviceTier: ServiceTier,
  ): Promise<Price[]> {
    const names = routedTo.map((successor) => successor.model);
    const asked = names.map((name) => this.prices.pricesNow(name, serviceTier));
    const standard =
      serviceTier === "standard"
        ? []
        : [model, ...names].map((name) => this.prices.pricesNow(name, "standard"));
    return (await Promise.all([...asked, ...standard])).flat();
  }
}

/** The row of a model under whatever name it is asked for. */
export function rowOf(rows: RegistryRows, name: string): RegisteredRow | undefined {
  return modelNames(name)
    .map((known) => rows.models.get(known))
    .find((row) => row !== undefined);
}

/** The name under which a model stands, or would stand. */
export function registeredName(rows: RegistryRows, name: string): string {
  return rowOf(rows, name)?.model ?? modelNames(name)[1];
}

/** Who may answer in a model's place: one after the other, each once. */
function successorsOf(rows: RegistryRows, row: RegisteredRow): RegisteredRow[] {
  const found: RegisteredRow[] = [];
  for (let next = row.routedTo; next !== null; ) {
    const successor = rowOf(rows, next);
    if (!successor || successor === row || found.includes(successor)) break;
    found.push(successor);
    next = successor.routedTo;
  }
  return found;
}

/** Output of other kinds has no rate of its own. */
function writesText({ capabilities: { purpose, output } }: RegisteredRow): boolean {
  return purpose === "generate" && output.every((kind) => kind === "text");
}

function isSame(
  one: ProviderProject & { model: string },
  other: ProviderProject & { model: string },
): boolean {
  return (
    one.provider === other.provider &&
    one.project === other.project &&
    one.apiVersion === other.apiVersion &&
    one.model === other.model
  );
}
