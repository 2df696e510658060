import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { charges, closeMonth } from "../../src/index.ts";
import { accountStatement, openClockedDatabase } from "./clocked-database.ts";

const pageStatement = loadStatement(new URL("../../src/charges/charges-page.sql", import.meta.url));
const clocked = await openClockedDatabase("2024-03-05T12:00:00Z");
const month = "2024-02";

beforeAll(async () => {
  const madeAt = "2024-02-01T00:00:00Z";
  // Not in the order of their ids.
  await clocked.createCreators({ dua: madeAt, abba: madeAt, cher: madeAt, beck: madeAt, enya: madeAt });
  for (const creatorId of ["cher", "enya"])
    await clocked.hand.query(accountStatement, [creatorId, `${month}-01`, 1]);
  await closeMonth(clocked.database, month);
});

type Query = Parameters<typeof charges>[1];

async function ask(query: Partial<Query>, after?: string) {
  const { items, next } = await charges(clocked.database, { month, limit: 100, ...query }, after);
  return { found: items.map(({ creatorId }) => creatorId), next };
}

describe("the list of charges", () => {
  it("has those that are closed and drafts of the others, by creator", async () => {
    const { items } = await charges(clocked.database, { month, limit: 100 });
    expect(items.map((item) => `${item.creatorId} ${item.month} ${item.status}`)).toEqual([
      "abba 2024-02 closed",
      "beck 2024-02 closed",
      "cher 2024-02 draft",
      "dua 2024-02 closed",
      "enya 2024-02 draft",
    ]);
    const later = await charges(clocked.database, { month: "2024-03", limit: 100 });
    expect(later.items.map(({ status }) => status)).toEqual(Array(5).fill("draft"));
  });

  it("comes in pages, the last of which says so, though it be full", async () => {
    expect(await ask({ limit: 2 })).toEqual({ found: ["abba", "beck"], next: "beck" });
    expect(await ask({ limit: 2 }, "beck")).toEqual({ found: ["cher", "dua"], next: "dua" });
    expect(await ask({ limit: 2 }, "dua")).toEqual({ found: ["enya"] });
    expect(await ask({ limit: 3 }, "beck")).toEqual({ found: ["cher", "dua", "enya"] });
    expect(await ask({ limit: 1 }, "enya")).toEqual({ found: [] });
  });

  it("is read no further than the page goes, and in its order whichever way Postgres joins", async () => {
    await clocked.hand.query("ANALYZE");
    const rows = await clocked.database.transaction(async (execute) => {
      await execute({ name: "", text: "SELECT set_config('enable_nestloop', 'off', true)" });
      return execute<{ creatorId: string }>(pageStatement, [{ month, after: "abba", limit: 3 }]);
    });
    expect(rows.map(({ creatorId }) => creatorId)).toEqual(["beck", "cher", "dua"]);
  });

  it("is of one creator, of those that a key sees, or of both", async () => {
    expect((await ask({ creatorId: "dua" })).found).toEqual(["dua"]);
    expect((await ask({ creatorId: "nobody" })).found).toEqual([]);
    expect((await ask({ creatorIds: ["enya", "beck", "nobody"] })).found).toEqual(["beck", "enya"]);
    expect((await ask({ creatorIds: [] })).found).toEqual([]);
    expect((await ask({ creatorIds: ["enya", "beck"], creatorId: "beck" })).found).toEqual(["beck"]);
    expect((await ask({ creatorIds: ["enya", "beck"], creatorId: "dua" })).found).toEqual([]);
    expect(await ask({ creatorIds: ["enya", "beck", "abba"], limit: 1 }, "abba")).toEqual({
      found: ["beck"],
      next: "beck",
    });
  });
});
