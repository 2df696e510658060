import { expect, test } from "@jest/globals";
import { listedObjects } from "../read-bill.ts";

async function* inPieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function entriesOf(text: string, length: number): Promise<unknown[]> {
  const entries: unknown[] = [];
  for await (const entry of listedObjects(inPieces(text, length))) entries.push(entry);
  return entries;
}

const calls = [
  { id: "1", usageMetadata: { promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }] } },
  { id: '"}]{[\\', usageMetadata: null },
  { id: '3\\"', nested: [[{}], []] },
];

test.each([1, 2, 7, 1000])("entries come whole, whatever the pieces (%d characters)", async (length) => {
  const bill = { before: {}, calls, totals: { "gemini-2.5-flash": { calls: 2, list: [{ not: "a call" }] } } };
  expect(await entriesOf(JSON.stringify(bill), length)).toEqual(calls);
  expect(await entriesOf(JSON.stringify(bill, null, 2), length)).toEqual(calls);
  expect(await entriesOf('{"calls": [], "totals": {}}', length)).toEqual([]);
});

test("a bill that was cut off is no bill", async () => {
  await expect(entriesOf(JSON.stringify({ calls }).slice(0, -1), 10)).rejects.toThrow("ended early");
});
