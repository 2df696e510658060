import { resolve } from "node:path";
import { type Charge, charge, closeResult } from "@understudy/contracts";
import { z } from "zod";
import { ApiClient } from "../client/api-client.ts";
import { ask } from "../client/ask.ts";
import { CommandError, exitCodeOf } from "../client/command-error.ts";
import { findInstance, type Instance } from "../client/find-instance.ts";
import { type ChargeCommands, type Connection, runCommand } from "./options.ts";
import { saveCsv } from "./save-csv.ts";
import { chargesTable, notYetTable } from "./tables.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** A month of many creators takes a while to close. */
const ANSWER_TIMEOUT_MS = 10 * 60_000;
const PAGE_SIZE = 1_000;

const chargePage = z.object({ items: z.array(charge), nextCursor: z.string().optional() });

const commands: ChargeCommands = {
  async close(connection, month) {
    const instance = await find(connection);
    const result = await withApi(instance, async (api) => {
      const request = { method: "POST" as const, path: `/api/ai/admin/charges/${month}/close` };
      return closeResult.parse((await ask(api, instance.url, request)).body);
    });
    console.log(`${month}: ${result.closed} closed now, ${result.alreadyClosed} before.`);
    if (result.notYetCount === 0) return;
    console.log(notYetTable(result));
    throw new CommandError(`${result.notYetCount} creators can't be charged yet; close it again later.`, 1);
  },

  async show(connection, month, { creator, csv }) {
    const instance = await find(connection);
    const query = new URLSearchParams({ month, ...(creator !== undefined && { creatorId: creator }) });
    const path = `/api/ai/admin/charges?${query}`;
    if (csv !== undefined) {
      await saveCsv(instance, path, csv);
      console.log(`${csv} has the charges of ${month}.`);
      return;
    }
    console.log(chargesTable(await readCharges(instance, path)));
  },
};

function find(connection: Connection): Promise<Instance> {
  return findInstance(connection, process.env, ROOT);
}

async function withApi<Result>(
  { url, key }: Instance,
  run: (api: ApiClient) => Promise<Result>,
): Promise<Result> {
  const api = new ApiClient(url, { key, connections: 1, answerTimeoutMs: ANSWER_TIMEOUT_MS });
  try {
    return await run(api);
  } finally {
    await api.close();
  }
}

function readCharges(instance: Instance, path: string): Promise<Charge[]> {
  return withApi(instance, async (api) => {
    const charges: Charge[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const page = `${path}&limit=${PAGE_SIZE}${cursor && `&cursor=${cursor}`}`;
      const answer = await ask(api, instance.url, { method: "GET", path: page });
      const { items, nextCursor } = chargePage.parse(answer.body);
      charges.push(...items);
      cursor = nextCursor;
    }
    return charges;
  });
}

process.exitCode = await runCommand(process.argv.slice(2), commands).then(() => 0, exitCodeOf);
