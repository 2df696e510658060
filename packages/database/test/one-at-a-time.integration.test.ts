import { expect, it, jest } from "@jest/globals";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import pg from "pg";

const { database } = await openSuiteDatabase(4);

it("no connection is asked anything before it has answered what came before, whatever asks in a transaction", async () => {
  const asked = new Map<unknown, number>();
  let most = 0;
  const { query } = pg.Client.prototype;
  const spy = jest.spyOn(pg.Client.prototype, "query").mockImplementation(function (
    this: pg.Client,
    ...question
  ) {
    const answer = (query as (...all: unknown[]) => unknown).apply(this, question);
    if (answer instanceof Promise) {
      asked.set(this, (asked.get(this) ?? 0) + 1);
      most = Math.max(most, ...asked.values());
      const end = () => asked.set(this, (asked.get(this) ?? 0) - 1);
      answer.then(end, end);
    }
    return answer as never;
  });
  // More parameters than a statement may have: Prisma makes two of it, and sends both at once.
  const data = Array.from({ length: 22_000 }, (_, n) => ({ id: String(n), planName: "starter" }));
  await database.prisma.creator.createMany({ data });
  expect(await database.prisma.creator.count()).toBe(22_000);
  // One that fails holds up none behind it, and nothing of all is written.
  await database.prisma.creator.deleteMany();
  const failing = database.prisma.creator.createMany({ data: [{ id: "", planName: "none" }, ...data] });
  await expect(failing).rejects.toThrow();
  expect(await database.prisma.creator.count()).toBe(0);
  spy.mockRestore();
  expect(most).toBe(1);
});
