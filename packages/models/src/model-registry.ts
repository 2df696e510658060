import { type ModelRole, modelRoles, type ServiceTier, textRoles } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { type Candidate, modelNames, type Price, type PriceBook } from "@understudy/ledger";
import { type RegisteredRow, type RegistryRows, readRegistry } from "./registry-rows.ts";

/** How long rows are kept before they are read anew: what is changed elsewhere counts after that. In milliseconds. */
const keepMs = 30_000;

/** How long a model that is not registered is believed to be none: it may have been added elsewhere. In milliseconds. */
const unknownMs = 1_000;

/** What a call is made for, and for whom. */
export interface ModelWish {
  role: ModelRole;
  /** In place of the role's. */
  model?: string | undefined;
  creatorId: string;
  /** The creator's plan. Where it is not known, all plans' models count, after those of all. */
  plan?: string | undefined;
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

/** The models that there are and what they are called for, kept in memory. */
export class ModelRegistry {
  readonly prices: PriceBook;
  readonly #database: Database;
  readonly #preferred: string | undefined;
  readonly #project: ProviderProject | undefined;
  #rows: Promise<RegistryRows> | undefined;
  /** By this process' steady clock, in milliseconds. */
  #readAt = Number.NEGATIVE_INFINITY;

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
  }

  /** The models that may answer, each with what it can do and may cost when a call of it begins now. */
  async candidates(wish: ModelWish, serviceTier: ServiceTier): Promise<Candidates> {
    const first = await this.#candidates(wish, serviceTier);
    if (first.kind === "callable" || performance.now() - this.#readAt < unknownMs) return first;
    this.refresh();
    return this.#candidates(wish, serviceTier);
  }

  async #candidates(wish: ModelWish, serviceTier: ServiceTier): Promise<Candidates> {
    const rows = await this.#read();
    const names = wish.model === undefined ? this.#namesFor(rows, wish) : [wish.model];
    const found: Candidate[] = [];
    for (const name of names) {
      const candidate = await this.#candidate(rows, name, serviceTier);
      if (candidate && !found.some(({ prices }) => prices[0].model === candidate.prices[0].model))
        found.push(candidate);
    }
    const [callable, gone] = [true, false].map((isIn) =>
      found.filter(({ prices }) => this.#isAvailable(rows, prices[0].model) === isIn),
    );
    // Where all are gone the provider may say so once more: it may have them again.
    const [best, ...others] = callable?.length ? callable : (gone ?? []);
    if (best) return { kind: "callable", candidates: [best, ...others] };
    return { kind: "unknown_model", model: names[0] ?? "", models: await this.callable() };
  }

  /** Names of all models that can be called for text, in order. */
  async callable(): Promise<string[]> {
    const rows = await this.#read();
    const found = await Promise.all(
      [...rows.models.keys()].map(async (name) =>
        (await this.#candidate(rows, name, "standard")) ? [name] : [],
      ),
    );
    return found.flat().sort();
  }

  /** The first model of a role that can be called, for all. */
  async firstOf(role: ModelRole, wish: Omit<ModelWish, "role"> = { creatorId: "" }): Promise<string> {
    const rows = await this.#read();
    const names = wish.model === undefined ? this.#namesFor(rows, { ...wish, role }) : [wish.model];
    for (const name of names)
      if (await this.#candidate(rows, name, "standard")) return normalized(rows, name);
    return normalized(rows, names[0] ?? "");
  }

  /**
   * Roles of all in which no model can be called, and GEMINI_MODEL where it can't be: with them nothing starts.
   * @returns in words, one fault each
   */
  async faults(): Promise<string[]> {
    const rows = await this.#read();
    const faults: string[] = [];
    if (this.#preferred !== undefined && !(await this.#candidate(rows, this.#preferred, "standard")))
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
    return faults;
  }

  /** The roles in which each registered model stands: of all, GEMINI_MODEL's, and those of plans and creators. */
  async rolesByModel(): Promise<Map<string, ModelRole[]>> {
    const rows = await this.#read();
    const found = new Map<string, ModelRole[]>();
    for (const role of modelRoles) {
      const own = rows.roles.filter((row) => row.role === role).flatMap(({ models }) => models);
      const names = [...this.#namesFor(rows, { role, creatorId: "" }), ...own];
      for (const model of new Set(names.flatMap((name) => rowOf(rows, name)?.model ?? [])))
        found.set(model, [...(found.get(model) ?? []), role]);
    }
    return found;
  }

  /** Whether a list of models would leave a role empty. */
  async isEmpty(role: ModelRole, models: readonly string[]): Promise<boolean> {
    return !(await this.#anyFits(await this.#read(), role, models));
  }

  async #anyFits(rows: RegistryRows, role: ModelRole, names: readonly string[]): Promise<boolean> {
    for (const name of names) {
      const row = rowOf(rows, name);
      if (!row || row.status === "retired") continue;
      if (role === "embed" && row.capabilities.purpose === "embed") {
        if ((await this.prices.pricesNow(row.model, "standard")).length > 0) return true;
      } else if (role !== "embed" && (await this.#candidate(rows, name, "standard"))) return true;
    }
    return false;
  }

  /** Notes that the provider does not have a model, for this project alone. @returns whether that is news */
  async markUnavailable(model: string): Promise<boolean> {
    if (!this.#project) return false;
    const mark = { ...this.#project, model };
    const known = (await this.#read()).unavailable.some((one) => isSame(one, mark));
    const { prisma } = this.#database;
    await prisma.modelUnavailable.upsert({
      where: { provider_project_apiVersion_model: mark },
      create: mark,
      update: { since: new Date() },
    });
    this.refresh();
    return !known;
  }

  /** Reads the registry anew when next asked: it was changed here. */
  refresh(): void {
    this.#rows = undefined;
  }

  rows(): Promise<RegistryRows> {
    return this.#read();
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
    const plans = own.filter((row) => row.planName !== null);
    if (plan === undefined) return [...ofAll, ...plans.flatMap(({ models }) => models)];
    return plans.find((row) => row.planName === plan)?.models ?? ofAll;
  }

  /** @returns undefined where it can't be called: not registered, retired, no price, or more than text comes of it */
  async #candidate(
    rows: RegistryRows,
    name: string,
    serviceTier: ServiceTier,
  ): Promise<Candidate | undefined> {
    const row = rowOf(rows, name);
    if (!row || row.status === "retired" || !writesText(row)) return undefined;
    const [own, ...soon] = await this.prices.pricesNow(row.model, serviceTier);
    if (!own || isFree(own)) return undefined;
    const routedTo = successorsOf(rows, row);
    const others = await Promise.all(routedTo.map(({ model }) => this.prices.pricesNow(model, serviceTier)));
    const now = await this.prices.now();
    const successor = routedTo[0];
    const isRouted = row.retiresAt !== null && row.retiresAt <= now && successor !== undefined;
    return {
      model: name,
      capabilities: isRouted ? successor.capabilities : row.capabilities,
      prices: [own, ...soon, ...others.flat()],
      routedTo: routedTo.map(({ model }) => model),
    };
  }

  #read(): Promise<RegistryRows> {
    if (this.#rows === undefined || performance.now() - this.#readAt > keepMs) {
      this.#readAt = performance.now();
      const read = readRegistry(this.#database);
      this.#rows = read;
      read.catch(() => {
        if (this.#rows === read) this.#rows = undefined;
      });
    }
    return this.#rows;
  }
}

/** The row of a model under whatever name it is asked for. */
export function rowOf(rows: RegistryRows, name: string): RegisteredRow | undefined {
  return modelNames(name)
    .map((known) => rows.models.get(known))
    .find((row) => row !== undefined);
}

function normalized(rows: RegistryRows, name: string): string {
  return rowOf(rows, name)?.model ?? name;
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

/** Nothing that is called costs nothing. */
function isFree({ inputUsd, outputUsd }: Price): boolean {
  return inputUsd.isZero() || outputUsd.isZero();
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
