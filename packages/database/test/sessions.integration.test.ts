import { expect, it } from "@jest/globals";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { requireUtc } from "../src/index.ts";

/** The database's own time zone is another; only `zoned` has it, as behind a pooler that keeps our settings back. */
const { database, zoned } = await openStrictSuiteDatabase(1);

it("times are the same to Prisma and to statements, whatever the server's time zone is", async () => {
  const createdAt = new Date("2026-10-31T22:30:00.123Z");
  await database.prisma.creator.create({ data: { id: "psy", createdAt } });
  expect(await database.prisma.creator.findUnique({ where: { id: "psy" } })).toMatchObject({ createdAt });
  const byStatement = { name: "", text: `SELECT "createdAt" FROM "Creator"` };
  expect(await database.execute(byStatement)).toEqual([{ createdAt }]);
});

it("sessions that are not in UTC are refused, with both remedies", async () => {
  await requireUtc(database);
  const refused = requireUtc(zoned);
  await expect(refused).rejects.toThrow("Sessions of Postgres are in Pacific/Auckland, not in UTC");
  await expect(refused).rejects.toThrow(/ignore_startup_parameters.*ALTER ROLE … SET timezone = 'UTC'/);
});
