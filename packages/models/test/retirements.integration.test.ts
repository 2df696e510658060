import { beforeEach, describe, expect, it } from "@jest/globals";
import { PriceBook } from "@understudy/ledger";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { changeModel, changeRoles } from "../src/change-models.ts";
import { ModelRegistry } from "../src/model-registry.ts";
import { raiseRetirements, retirements } from "../src/retirements.ts";

const { database } = await openStrictSuiteDatabase(2);
const dayMs = 86_400_000;

/** In the past, so that nothing of what is sown is near its end. */
const longAgo = Date.parse("2020-01-01T00:00:00Z");

/** Reads everything anew, as GEMINI_MODEL would have it. */
const open = (preferred?: string) => new ModelRegistry(database, new PriceBook(database), { preferred });

const endsAt = (model: string, at: number | null, more: object = {}) =>
  changeModel(
    database,
    open(),
    { provider: "gemini", model },
    { retiresAt: at === null ? null : new Date(at), ...more },
  );

const found = async (now = new Date(longAgo)) =>
  (await retirements(open(), now)).map(({ model, days, toldAtDays }) => [model, days, toldAtDays]);

beforeEach(async () => {
  await database.prisma.alert.deleteMany();
  await database.prisma.roleModels.deleteMany({ where: { NOT: { planName: null } } });
  for (const model of ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite", "gemini-3.8-flash"])
    await endsAt(model, null);
});

describe("models that will end", () => {
  const lite = "gemini-3.5-flash-lite";

  it.each([
    [60 * dayMs + 1, []],
    [60 * dayMs, [[lite, 60, 60]]],
    [14 * dayMs + 1, [[lite, 15, 60]]],
    [14 * dayMs, [[lite, 14, 14]]],
    [2 * dayMs + 1, [[lite, 3, 14]]],
    [2 * dayMs, [[lite, 2, 2]]],
    [1, [[lite, 1, 2]]],
    [0, []],
  ])("are told of by how far it is: in %i ms", async (inMs, expected) => {
    await endsAt(lite, longAgo + inMs);
    expect(await found()).toEqual(expected);
  });

  it("are those of a role: of all, of a plan, and GEMINI_MODEL; the soonest first", async () => {
    await endsAt("gemini-3.8-flash", longAgo + dayMs);
    await endsAt(lite, longAgo + 30 * dayMs);
    expect(await found()).toEqual([[lite, 30, 60]]);
    const [first] = await retirements(open("models/gemini-3.8-flash-001"), new Date(longAgo));
    expect(first).toMatchObject({
      model: "gemini-3.8-flash",
      roles: ["draft", "offer", "caption", "explain", "summary"],
    });
    await changeRoles(database, open(), { planName: "pro" }, { check: ["models/gemini-3.8-flash"] });
    expect(await retirements(open(), new Date(longAgo))).toMatchObject([
      { model: "gemini-3.8-flash", roles: ["check"] },
      { model: lite, roles: ["draft", "check", "offer", "caption", "explain", "summary"] },
    ]);
  });

  it("are told of once at each threshold, and anew where the date is another", async () => {
    const raised = async (now: number) => {
      const clock = { now: () => new Date(now), skewMs: () => 0 };
      await raiseRetirements({ ...database, clock }, open());
      const alerts = await database.prisma.alert.findMany({ where: { type: "model_retiring" } });
      return alerts.map(({ key }) => key).sort();
    };
    const end = longAgo + 60 * dayMs;
    const key = (days: number, at = end) => `${lite}:${days}:${new Date(at).toISOString()}`;
    await endsAt(lite, end);
    expect(await raised(longAgo)).toEqual([key(60)]);
    expect(await raised(longAgo + 46 * dayMs)).toEqual([key(14), key(60)].sort());
    expect(await raised(longAgo + 47 * dayMs)).toHaveLength(2);
    expect(await raised(longAgo + 59 * dayMs)).toEqual([key(14), key(2), key(60)].sort());
    await endsAt(lite, end + 10 * dayMs);
    expect(await raised(longAgo + 59 * dayMs)).toContain(key(14, end + 10 * dayMs));
    const first = await database.prisma.alert.findFirst({ where: { key: key(14) } });
    expect(first).toMatchObject({
      creatorId: null,
      payload: { model: lite, days: 14, retiresAt: new Date(end).toISOString() },
    });
  });

  it("are judged by the database's clock", async () => {
    const [{ now }] = await database.prisma.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
    await endsAt(lite, now.getTime() + 14 * dayMs + 60_000);
    expect(await found(database.clock.now())).toEqual([[lite, 15, 60]]);
  });
});
