import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { openClockedDatabase } from "./clocked-database.ts";

const statement = loadStatement(new URL("../../src/charges/creators-to-charge.sql", import.meta.url));
const clocked = await openClockedDatabase("2024-03-05T12:00:00Z");

beforeAll(async () => {
  const madeAt = "2024-02-01T00:00:00Z";
  // Not in the order of their ids.
  await clocked.createCreators({ dua: madeAt, abba: madeAt, cher: madeAt, beck: madeAt, enya: madeAt });
});

async function page(after: string, limit: number): Promise<string[]> {
  const rows = await clocked.database.execute<{ creatorId: string }>(statement, [
    { month: "2024-02", after, limit },
  ]);
  return rows.map(({ creatorId }) => creatorId);
}

describe("creators to charge", () => {
  it("come in pages by their ids, so that the last of a page is where the next one begins", async () => {
    expect(await page("", 2)).toEqual(["abba", "beck"]);
    expect(await page("beck", 2)).toEqual(["cher", "dua"]);
    expect(await page("dua", 2)).toEqual(["enya"]);
    expect(await page("enya", 2)).toEqual([]);
  });
});
