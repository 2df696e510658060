import { resolve } from "node:path";
import {
  creator,
  modelList,
  modelRoles,
  type OwnRoleModels,
  type Price,
  priceList,
  type RegisteredModel,
  registeredModel,
  roles,
} from "@understudy/contracts";
import { z } from "zod";
import { type Answer, ApiClient, type Request } from "../client/api-client.ts";
import { ask } from "../client/ask.ts";
import { CommandError, exitCodeOf } from "../client/command-error.ts";
import { findInstance } from "../client/find-instance.ts";
import { geminiAccess, type ListedModel, listGeminiModels } from "../client/gemini-models.ts";
import { isOfGeminisOwnApi } from "../prices/drift.ts";
import { checkRegistry, type Registry } from "./check.ts";
import { type Connection, type ModelCommands, runCommand, type SetOptions } from "./options.ts";
import { findingsTable, modelsTable, rolesTable } from "./tables.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const environment: Record<string, string | undefined> = process.env;

const creatorPage = z.object({
  items: z.array(creator.pick({ id: true, roles: true })),
  nextCursor: z.string().optional(),
});

const planList = z.object({ items: z.array(z.object({ name: z.string() })) });

const commands: ModelCommands = {
  async list(connection) {
    const [models, prices, ofAll] = await Promise.all([
      readModels(connection),
      readPrices(connection),
      readRoles(connection),
    ]);
    console.log(`${modelsTable(models, prices.items)}\nUSD for a million tokens, standard tier, today.`);
    console.log(rolesTable(ofAll));
  },

  async set(connection, model, options) {
    const path = `/api/ai/admin/models/${encodeURIComponent(options.provider)}/${encodeURIComponent(model)}`;
    const body = await updateOf(connection, options);
    const { body: answer } = await send(connection, { method: "PUT", path, body });
    const { items } = await readPrices(connection);
    console.log(modelsTable([registeredModel.parse(answer)], items));
  },

  async roles(connection, role, models, options) {
    if (role === undefined) return console.log(rolesTable(await readRoles(connection, options.plan)));
    const body = { roles: { [role]: options.asAll ? null : models } };
    const { body: answer } = await send(connection, { method: "PUT", path: rolesPath(options.plan), body });
    console.log(rolesTable(roles.parse(answer).roles));
  },

  async check(connection, { at }) {
    const registry = await readRegistry(connection, at);
    if (registry.listed === undefined)
      console.log("GEMINI_API_KEY is not set: nothing is compared with Gemini's models.list.");
    const findings = checkRegistry(registry);
    if (findings.length > 0) console.log(findingsTable(findings));
    const wrong = findings.filter(({ isWrong }) => isWrong).length;
    if (wrong > 0) throw new CommandError(`${wrong} of them wrong, or in need of a choice.`, 1);
    console.log("Nothing is wrong.");
  },
};

async function readRegistry(connection: Connection, at: string | undefined): Promise<Registry> {
  const [models, { items: prices, date }, rolesRead, listed] = await Promise.all([
    readModels(connection),
    readPrices(connection),
    readAllRoles(connection),
    readListed(connection),
  ]);
  return { models, prices, roles: rolesRead, listed, now: at === undefined ? date : new Date(at) };
}

/** GEMINI_MODEL, where it is set here, comes first in text roles: it is told of as if it stood there. */
async function readAllRoles(connection: Connection): Promise<Registry["roles"]> {
  const { body } = await send(connection, { method: "GET", path: "/api/ai/admin/plans" });
  const plans = [undefined, ...planList.parse(body).items.map(({ name }) => name)];
  const { GEMINI_MODEL: preferred } = environment;
  const lists = await Promise.all(
    plans.map(async (plan) => {
      const own = await readRoles(connection, plan);
      return modelRoles.flatMap((role) => (own[role] ? [{ role, plan, models: own[role] }] : []));
    }),
  );
  const ofCreators = await readCreatorsRoles(connection);
  return [
    ...(preferred ? [{ role: "draft" as const, models: [preferred] }] : []),
    ...lists.flat(),
    ...ofCreators,
  ];
}

/** Few creators have models of their own; those who have none say nothing of roles. */
async function readCreatorsRoles(connection: Connection): Promise<Registry["roles"]> {
  const found: Registry["roles"][number][] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const path = `/api/ai/creators?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const { items, nextCursor } = creatorPage.parse((await send(connection, { method: "GET", path })).body);
    for (const { id, roles: own = {} } of items)
      for (const role of modelRoles) if (own[role]) found.push({ role, creatorId: id, models: own[role] });
    cursor = nextCursor;
  }
  return found;
}

/** Where no key is given, this clone's own emulator is asked. */
async function readListed(connection: Connection): Promise<ListedModel[] | undefined> {
  const { emulatorUrl } = await findInstance(connection, process.env, ROOT);
  const access =
    geminiAccess(environment) ??
    (emulatorUrl === undefined
      ? undefined
      : { url: emulatorUrl, keys: ["emulator"], version: "v1beta" as const });
  return access && (await listGeminiModels(access)).models;
}

async function updateOf(connection: Connection, options: SetOptions): Promise<object> {
  const { status, retiresAt, routedTo, source, like, capabilities } = options;
  return {
    ...(status !== undefined && { status }),
    ...(retiresAt !== undefined && { retiresAt }),
    ...(routedTo !== undefined && { routedTo }),
    ...(source !== undefined && { source }),
    ...(capabilities !== undefined && { capabilities }),
    ...(like !== undefined && { capabilities: await capabilitiesOf(connection, like) }),
  };
}

async function capabilitiesOf(connection: Connection, model: string): Promise<object> {
  const found = (await readModels(connection)).find((one) => one.model === model);
  if (!found) throw new CommandError(`${model} is not registered, so nothing can be like it.`, 1);
  return found.capabilities;
}

async function readModels(connection: Connection): Promise<RegisteredModel[]> {
  const { body } = await send(connection, { method: "GET", path: "/api/ai/admin/models" });
  return modelList.parse(body).items;
}

/** @returns also the API's time, which is the database's but for a little */
async function readPrices(connection: Connection): Promise<{ items: Price[]; date: Date }> {
  const { body, date = new Date() } = await send(connection, { method: "GET", path: "/api/ai/admin/prices" });
  return { items: priceList.parse(body).items.filter(isOfGeminisOwnApi), date };
}

async function readRoles(connection: Connection, plan?: string): Promise<OwnRoleModels> {
  const { body } = await send(connection, { method: "GET", path: rolesPath(plan) });
  return roles.parse(body).roles;
}

function rolesPath(plan: string | undefined): string {
  return `/api/ai/admin/roles${plan === undefined ? "" : `?plan=${encodeURIComponent(plan)}`}`;
}

async function send(connection: Connection, request: Request): Promise<Answer> {
  const instance = await findInstance(connection, process.env, ROOT);
  const api = new ApiClient(instance.url, { key: instance.key, connections: 1 });
  try {
    return await ask(api, instance.url, request);
  } finally {
    await api.close();
  }
}

process.exitCode = await runCommand(process.argv.slice(2), commands).then(() => 0, exitCodeOf);
