import { beforeEach, expect, it } from "@jest/globals";
import { loadStatement, newId } from "@understudy/database";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { Ledger } from "../src/ledger.ts";
import { toPost } from "../src/posting.ts";
import { openCalls } from "./running-jobs.ts";

const { database } = await openSuiteDatabase();
const ledger = new Ledger(database);
let creatorId: string;

beforeEach(async () => {
  creatorId = newId("evt");
  await database.prisma.creator.create({ data: { id: creatorId, quotaUsd: "10" } });
});

/** Settles some calls and holds for another in one statement. */
const both = loadStatement(new URL("./settle-and-hold.sql", import.meta.url));

const answer = (id: string, costUsd: string) => ({
  ...{ id, status: "settled", costUsd, estimated: false, provider: "emulator" },
  ...{ inputTokens: 1, cachedTokens: 0, outputTokens: 1, thoughtTokens: 0 },
});

async function account() {
  const row = await database.prisma.account.findFirstOrThrow({ where: { creatorId } });
  return [row.spentUsd.toFixed(), row.heldUsd.toFixed(), row.alertedPercent];
}

it("settles some calls and opens others at once: room that comes free is taken", async () => {
  const [first, second] = await openCalls(database, ledger, [
    { creatorId, holdUsd: "4" },
    { creatorId, holdUsd: "5" },
  ]);
  const answers = [answer(first.id, "2"), answer(second.id, "3.5")];
  const items = toPost([{ creatorId, holdUsd: "4.5", answers }]);
  expect(await database.execute(both, items)).toEqual([]);
  expect(await account()).toEqual(["5.5", "4.5", 50]);
});

it("settles in any case, whether there is room for what is opened or not", async () => {
  const [call] = await openCalls(database, ledger, [{ creatorId, holdUsd: "9" }]);
  const items = toPost([{ creatorId, holdUsd: "2.000000000001", answers: [answer(call.id, "8")] }]);
  expect(await database.execute(both, items)).toEqual([{ id: "new" }]);
  expect(await account()).toEqual(["8", "0", 80]);
});
