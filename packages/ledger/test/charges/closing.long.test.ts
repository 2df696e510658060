import { expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { createPastCalls, pastMonth } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { startCloser } from "./closer.ts";

const booksStatement = loadStatement(new URL("./books.sql", import.meta.url));

const { url, database } = await openSuiteDatabase(4);

it("20,000 calls of 300 creators, closed by four processes at once, are charged once each, to the last digit", async () => {
  const month = pastMonth(1);
  await createPastCalls(database, { month, creators: 300, calls: 20_000 });
  const closers = await Promise.all(Array.from({ length: 4 }, () => startCloser(url, month)));
  const closings = await Promise.all(closers.map((closer) => closer.close()));
  const closed = closings.map((closing) => (closing.kind === "closed" ? closing.result.closed : 0));
  expect(closed.reduce((sum, count) => sum + count, 0)).toBe(300);
  expect(await database.execute(booksStatement, [{ month }])).toEqual([
    { creators: 300, charges: 300, events: 300, wrong: [] },
  ]);
});

it("100,000 creators without a call are charged the price of their plan, in bounded batches", async () => {
  const month = pastMonth(1);
  await createPastCalls(database, { month, creators: 100_000, calls: 0, prefix: "idle_" });
  const closer = await startCloser(url, month);
  expect(await closer.close()).toMatchObject({ kind: "closed", result: { closed: 100_000, notYetCount: 0 } });
  expect(await database.execute(booksStatement, [{ month }])).toEqual([
    { creators: 100_300, charges: 100_300, events: 100_300, wrong: [] },
  ]);
});
