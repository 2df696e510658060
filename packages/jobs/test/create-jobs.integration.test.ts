import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId, openDatabase, type Statement } from "@understudy/database";
import { addToAccounts, createApiKeyRow } from "@understudy/testkit";
import { createJobs } from "../src/index.ts";
import { JobDatabase, plainJob, time } from "./job-database.ts";

const jobs = await JobDatabase.open();

beforeEach(() => jobs.clear());

const november = new Date("2026-11-01");

function account(creatorId: string, amounts: object, month = november) {
  return addToAccounts(jobs.database, { creatorId, month }, amounts);
}

const written = (records: { createdAt: Date | null }[]) => records.map(({ createdAt }) => createdAt !== null);

describe("a job that is accepted", () => {
  it("is written down as it was asked for, with its creator under the default plan", async () => {
    const apiKeyId = await createApiKeyRow(jobs.database, null);
    const asked = {
      id: newId("job"),
      agent: "messaging",
      creatorId: "mia",
      apiKeyId,
      fanId: "fan_1",
      feature: "fan_message",
      model: "gemini-2.5-pro",
      input: { message: "hi" },
      metadata: { thread: "7" },
      callbackUrl: "https://app.example/ends",
      callbackEndpointId: "end_1",
      priority: 3,
      traceparent: "00-a-b-01",
    };
    const times = { notBefore: time(60), expiresAt: time(120) };
    const [record] = await jobs.create([
      { ...asked, notBefore: time(60).toISOString(), expiresAt: time(120).toISOString() },
    ]);
    expect(record).toMatchObject({ id: asked.id, createdAt: time(0), isKnown: true, plan: "starter" });
    expect(await jobs.row(asked.id)).toMatchObject({
      ...asked,
      ...times,
      createdAt: time(0),
      status: "queued",
      attempt: 0,
    });
    expect(await jobs.database.prisma.creator.findMany()).toMatchObject([{ id: "mia", planName: "starter" }]);
  });

  it("leaves what was not asked for empty", async () => {
    const row = await jobs.row(await jobs.job());
    const { apiKeyId, fanId, metadata, callbackUrl, callbackEndpointId, traceparent } = row;
    expect([apiKeyId, fanId, metadata, callbackUrl, callbackEndpointId, traceparent]).toEqual(
      Array(6).fill(null),
    );
    expect([row.notBefore, row.expiresAt]).toEqual([null, null]);
  });

  it("shares its creator with others of its batch, and finds the one that is there", async () => {
    const { prisma } = jobs.database;
    await prisma.creator.create({ data: { id: "ann", planName: "business" } });
    const records = await jobs.create(
      ["mia", "ann", "mia", "nobody", "bob"].map((creatorId) => ({
        creatorId,
        createCreator: creatorId !== "nobody",
      })),
    );
    expect(records.map(({ isKnown, plan }) => [isKnown, plan])).toEqual([
      [true, "starter"],
      [true, "business"],
      [true, "starter"],
      [false, "starter"],
      [true, "starter"],
    ]);
    expect(written(records)).toEqual([true, true, true, false, true]);
    expect(await jobs.create([{ creatorId: "ann" }])).toMatchObject([{ plan: "business" }]);
    const creators = await prisma.creator.findMany({ orderBy: { id: "asc" } });
    expect(creators.map(({ id, planName }) => [id, planName])).toEqual([
      ["ann", "business"],
      ["bob", "starter"],
      ["mia", "starter"],
    ]);
  });

  it("enters its lane on its creator's own terms, or on those of the plan", async () => {
    const { creator, plan } = jobs.database.prisma;
    await plan.create({ data: { name: "fast", ratePerHour: 700, burst: 7, weight: 3 } });
    const own = { ratePerHour: 50, burst: 2, pausedAt: time(-5) };
    await creator.create({ data: { id: "own", planName: "fast", createdAt: time(-60), ...own } });
    await creator.create({ data: { id: "plan", planName: "fast", createdAt: time(-90) } });
    const records = await jobs.create(["own", "plan", "new"].map((creatorId) => ({ creatorId })));
    const terms = records.map((record) => ({
      ...record.terms,
      creatorSince: new Date(record.terms.creatorSince),
    }));
    expect(terms).toEqual([
      { ratePerHour: 50, burst: 2, weight: 3, creatorSince: time(-60), isPaused: true },
      { ratePerHour: 700, burst: 7, weight: 3, creatorSince: time(-90), isPaused: false },
      { ratePerHour: 100, burst: 20, weight: 1, creatorSince: time(0), isPaused: false },
    ]);
  });

  it("does not wait for another batch that brings the same creators in another order", async () => {
    const ids = Array.from({ length: 10 }, (_, n) => ({ id: `new_${n}` }));
    const add: Statement = {
      text: `INSERT INTO "Creator" ("id") SELECT r."id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)`,
      name: "test-add-creators",
    };
    const records = await jobs.during(
      ({ execute }) => execute(add, ids.slice(0, 1)),
      () => jobs.create(ids.map(({ id }) => ({ creatorId: id })).reverse()),
      ({ execute }) => execute(add, ids.slice(1)),
    );
    expect(written(records)).toEqual(Array(10).fill(true));
  });
});

describe("room for a job", () => {
  it("is told with all its figures: of its creator, its key and the platform", async () => {
    const { creator, account: accounts } = jobs.database.prisma;
    const apiKeyId = await createApiKeyRow(jobs.database, "50");
    const keyAmounts = { spentUsd: 5, heldUsd: 6, unknownUsd: 7 };
    await accounts.update({ where: { apiKeyId }, data: keyAmounts });
    await creator.createMany({ data: [{ id: "mia", planName: "pro", quotaUsd: 100 }, { id: "ann" }] });
    await account("mia", { spentUsd: "1.5", heldUsd: "2.5", unknownUsd: "3.5" });
    await account("mia", { spentUsd: 99, heldUsd: 98, unknownUsd: 97 }, new Date("2026-10-01"));
    await account("ann", { spentUsd: 10, heldUsd: 20, unknownUsd: 30 });
    const [none, unbounded, all] = await jobs.create([
      { creatorId: "mia", apiKeyId, requiredUsd: "95.000000000001", platformQuotaUsd: "1000" },
      { creatorId: "new", requiredUsd: "10.000000000001" },
      { creatorId: "new", requiredUsd: "10" },
    ]);
    expect(none).toMatchObject({
      plan: "pro",
      requiredUsd: "95.000000000001",
      resetsAt: new Date("2026-12-01T00:00:00Z"),
      accounts: [
        {
          kind: "creator_month",
          boundUsd: "100.000000000000",
          spentUsd: "1.500000000000",
          heldUsd: "2.500000000000",
          unknownUsd: "3.500000000000",
        },
        {
          kind: "key",
          boundUsd: "50.000000000000",
          spentUsd: "5.000000000000",
          heldUsd: "6.000000000000",
          unknownUsd: "7.000000000000",
        },
        {
          kind: "platform_month",
          boundUsd: "1000",
          spentUsd: "11.500000000000",
          heldUsd: "22.500000000000",
          unknownUsd: "33.500000000000",
        },
      ],
    });
    expect(unbounded).toMatchObject({
      createdAt: null,
      plan: "starter",
      accounts: [
        { kind: "creator_month", boundUsd: "10.000000000000", spentUsd: "0", heldUsd: "0", unknownUsd: "0" },
        { kind: "platform_month", boundUsd: null },
      ],
    });
    expect(all).toMatchObject({ createdAt: time(0), accounts: [] });
  });

  it("is all of the platform's budget where no creator has an account", async () => {
    const [first, second] = await jobs.create([
      { requiredUsd: "5", platformQuotaUsd: "5" },
      { requiredUsd: "5.000000000001", platformQuotaUsd: "5" },
    ]);
    expect(first).toMatchObject({ createdAt: time(0) });
    expect(second).toMatchObject({ createdAt: null });
  });

  // Spent 4 and unknown 3 of 10: others' holds don't count, since they may be given back.
  const used = { spentUsd: 4, unknownUsd: 3, heldUsd: 100 };
  const bounds: Record<string, () => Promise<object>> = {
    "in the quota of its plan": async () => {
      await jobs.database.prisma.creator.create({ data: { id: "psy" } });
      await account("psy", used);
      return {};
    },
    "in a quota of its creator's own": async () => {
      await jobs.database.prisma.creator.create({ data: { id: "psy", planName: "pro", quotaUsd: 10 } });
      await account("psy", used);
      return {};
    },
    "in the budget of its key": async () => {
      await jobs.database.prisma.creator.create({ data: { id: "psy", planName: "business" } });
      const apiKeyId = await createApiKeyRow(jobs.database, "10");
      await jobs.database.prisma.account.update({ where: { apiKeyId }, data: used });
      return { apiKeyId };
    },
    "in the budget of the platform": async () => {
      const data = ["psy", "ann"].map((id) => ({ id, planName: "business" }));
      await jobs.database.prisma.creator.createMany({ data });
      await account("psy", { spentUsd: 1, unknownUsd: 2, heldUsd: 50 });
      await account("ann", { spentUsd: 3, unknownUsd: 1, heldUsd: 50 });
      return { platformQuotaUsd: "10" };
    },
  };
  it.each(Object.keys(bounds))("is used to the last digit, and not a digit more: %s", async (bound) => {
    const job = await bounds[bound]?.();
    const records = await jobs.create(
      ["3", "3.000000000001"].map((requiredUsd) => ({ ...job, requiredUsd })),
    );
    expect(records).toMatchObject([
      { createdAt: time(0), isKnown: true },
      { createdAt: null, isKnown: true },
    ]);
    expect(await jobs.database.prisma.job.count()).toBe(1);
  });

  it("is that of a month of UTC, whatever time zone Postgres has", async () => {
    await jobs.database.prisma.creator.create({ data: { id: "psy" } });
    await account("psy", { spentUsd: 10 });
    await account("psy", { spentUsd: 1 }, new Date("2026-12-01"));
    // Behind a pooler a session has whatever the database gives it: here it is that of Auckland.
    const abroad = openDatabase(`${jobs.url}?pgbouncer=true`, 1);
    const at = async (moment: string) => {
      await jobs.setTime(moment);
      const [record] = await createJobs(abroad, [{ ...plainJob(), requiredUsd: "5" }]);
      return [record?.createdAt !== null, record?.resetsAt.toISOString()];
    };
    try {
      expect(await at("2026-11-30T23:59:59.999Z")).toEqual([false, "2026-12-01T00:00:00.000Z"]);
      // Its row will say midnight.
      expect(await at("2026-11-30T23:59:59.9996Z")).toEqual([true, "2027-01-01T00:00:00.000Z"]);
      expect(await at("2026-12-01T00:00:00Z")).toEqual([true, "2027-01-01T00:00:00.000Z"]);
    } finally {
      await abroad.close();
    }
  });
});
