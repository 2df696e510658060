import { resolve } from "node:path";
import { price, priceList, quote } from "@understudy/contracts";
import { ApiClient, type Request } from "../client/api-client.ts";
import { ask } from "../client/ask.ts";
import { CommandError, exitCodeOf } from "../client/command-error.ts";
import { findInstance } from "../client/find-instance.ts";
import { findDrift } from "./drift.ts";
import { type AddOptions, type Connection, type PriceCommands, runCommand } from "./options.ts";
import { driftTable, pricesTable, quoteTable } from "./tables.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const commands: PriceCommands = {
  async list(connection, { model, all }) {
    const now = new Date();
    const items = await readPrices(connection, model);
    const shown = items.filter((row) => all || row.inForce || new Date(row.validFrom) > now);
    console.log(`${pricesTable(shown, now)}\nUSD for a million tokens.`);
  },

  async add(connection, options) {
    const body = bodyOf(options);
    const added = price.parse(await send(connection, { method: "POST", path: "/api/ai/admin/prices", body }));
    console.log(pricesTable([added], new Date()));
  },

  async quote(connection, { model, tier, at, usageMetadata }) {
    const body = { model, serviceTier: tier, usageMetadata, ...(at !== undefined && { at }) };
    const path = "/api/ai/admin/prices/quote";
    const quoted = quote.parse(await send(connection, { method: "POST", path, body }));
    console.log(`${quoted.model}, ${quoted.serviceTier}, price valid from ${quoted.validFrom}`);
    console.log(quoteTable(quoted));
  },

  async check(connection) {
    const drifts = findDrift(await readPrices(connection), new Date());
    if (drifts.length > 0) console.log(driftTable(drifts));
    const news = drifts.filter(({ known }) => known === undefined).length;
    if (news > 0)
      throw new CommandError(`${news} amounts differ, and nobody has said why: drift.ts lists the known.`, 1);
    console.log("No difference that is not known.");
  },
};

async function readPrices(connection: Connection, model?: string) {
  const query = model === undefined ? "" : `?model=${encodeURIComponent(model)}`;
  return priceList.parse(await send(connection, { method: "GET", path: `/api/ai/admin/prices${query}` }))
    .items;
}

async function send(connection: Connection, request: Request): Promise<unknown> {
  const instance = await findInstance(connection, process.env, ROOT);
  const api = new ApiClient(instance.url, { key: instance.key, connections: 1 });
  try {
    return (await ask(api, instance.url, request)).body;
  } finally {
    await api.close();
  }
}

function bodyOf(options: AddOptions): object {
  const { longAbove, longIn, longOut, longCached } = options;
  const isLong = [longAbove, longIn, longOut, longCached].some((option) => option !== undefined);
  return {
    model: options.model,
    serviceTier: options.tier,
    ...(options.from !== undefined && { validFrom: options.from }),
    inputUsd: options.in,
    outputUsd: options.out,
    cachedUsd: options.cached,
    ...(options.audioIn !== undefined && { audioInputUsd: options.audioIn }),
    ...(options.audioCached !== undefined && { audioCachedUsd: options.audioCached }),
    ...(isLong && {
      longContext: { above: longAbove, inputUsd: longIn, outputUsd: longOut, cachedUsd: longCached },
    }),
    source: options.source,
  };
}

process.exitCode = await runCommand(process.argv.slice(2), commands).then(() => 0, exitCodeOf);
