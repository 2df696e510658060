import { describe, expect, it } from "@jest/globals";
import type { AlertFacts } from "@understudy/contracts";
import { newId } from "@understudy/database";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import { raiseLoweredQuotas } from "../src/alerts/lowered-quotas.ts";
import { Ledger } from "../src/ledger.ts";
import { answered, begun, openCalls } from "./running-jobs.ts";

const { database } = await openSuiteDatabase();
const ledger = new Ledger(database);

async function newCreator(quotaUsd: string | null, planName = "starter"): Promise<string> {
  const id = newId("evt");
  await database.prisma.creator.create({ data: { id, planName, quotaUsd } });
  return id;
}

/** Settles a call at `usd`. */
async function spend(creatorId: string, usd: string, holdUsd = usd): Promise<string> {
  const [call] = await openCalls(database, ledger, [{ creatorId, holdUsd }]);
  await ledger.endCall(begun(call), answered(usd));
  return call.id;
}

async function alertsOf(creatorId: string) {
  const { items } = await alerts(database, { creatorId, limit: 100 }, undefined);
  return items.toReversed();
}

/** The thresholds alerted so far, in any order: those of one call have one time. */
async function percents(creatorId: string): Promise<number[]> {
  const found = (await alertsOf(creatorId)) as AlertFacts[];
  return found
    .flatMap((one) => (one.type === "quota_threshold" ? [one.data.percent] : []))
    .sort((a, b) => a - b);
}

describe("alerts of the quota", () => {
  it("come at 50, 80, 95 and 100 %, each once", async () => {
    const creatorId = await newCreator("1");
    const steps: [string, number[]][] = [
      ["0.49", []],
      ["0.0099", []],
      ["0.0001", [50]],
      ["0.29", [50]],
      ["0.01", [50, 80]],
      ["0.15", [50, 80, 95]],
      ["0.05", [50, 80, 95, 100]],
    ];
    for (const [usd, expected] of steps) {
      await spend(creatorId, usd);
      expect(await percents(creatorId)).toEqual(expected);
    }
    const [first] = await alertsOf(creatorId);
    const month = new Date().toISOString().slice(0, 7);
    expect(first).toMatchObject({
      type: "quota_threshold",
      message: `Creator ${creatorId} has used 50 % of the $1 quota of ${month} (plan starter): $0.5 spent.`,
      data: { percent: 50, month, plan: "starter", quotaUsd: "1", spentUsd: "0.5", unknownUsd: "0" },
      notifiedAt: null,
    });
  });

  it("come together when one call crosses several", async () => {
    const creatorId = await newCreator("1");
    await spend(creatorId, "0.96");
    expect(await percents(creatorId)).toEqual([50, 80, 95]);
    const events = await database.prisma.outbox.findMany({ where: { creatorId } });
    const found = await alertsOf(creatorId);
    expect(events.map(({ type, payload }) => ({ type, payload }))).toEqual(
      expect.arrayContaining(
        found.map(({ id, data }) => ({
          type: "quota.threshold",
          payload: { alertId: id, alert: "quota_threshold", creatorId, ...data },
        })),
      ),
    );
    expect(events).toHaveLength(3);
  });

  it("do not come again when the quota is raised and crossed again", async () => {
    const creatorId = await newCreator("1");
    await spend(creatorId, "0.81");
    await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: "2" } });
    await spend(creatorId, "0.8");
    expect(await percents(creatorId)).toEqual([50, 80]);
    await spend(creatorId, "0.39");
    expect(await percents(creatorId)).toEqual([50, 80, 95, 100]);
  });

  it("come by a look at what has changed where the quota is lowered below them, each once", async () => {
    const [lowered, high, unused] = [await newCreator("10"), await newCreator("1"), await newCreator("1")];
    for (const id of [lowered, high]) await spend(id, "0.81");
    expect([await percents(lowered), await percents(high)]).toEqual([[], [50, 80]]);
    await database.prisma.creator.update({ where: { id: lowered }, data: { quotaUsd: "1.01" } });
    await database.prisma.creator.update({ where: { id: unused }, data: { quotaUsd: "0" } });
    const rounds = await Promise.all([raiseLoweredQuotas(database), raiseLoweredQuotas(database)]);
    expect(rounds.flat()).toEqual([{ creatorId: lowered }, { creatorId: lowered }]);
    expect([await percents(lowered), await percents(high)]).toEqual([
      [50, 80],
      [50, 80],
    ]);
    expect(await percents(unused)).toEqual([]);
    expect((await alertsOf(lowered))[0]).toMatchObject({
      data: { plan: "starter", quotaUsd: "1.01", spentUsd: "0.81" },
    });
    // What is spent afterwards tells of what that crosses alone.
    await spend(lowered, "0.16");
    expect(await percents(lowered)).toEqual([50, 80, 95]);
    expect(await raiseLoweredQuotas(database)).toEqual([]);
  });

  it("come where a plan is lowered, or one with less is given", async () => {
    const planName = "lowered";
    await database.prisma.plan.create({ data: { name: planName, quotaUsd: "10" } });
    const [ofPlan, own, moved] = [
      await newCreator(null, planName),
      await newCreator("100", planName),
      await newCreator("100"),
    ];
    for (const id of [ofPlan, own, moved]) await spend(id, "0.5");
    await database.prisma.plan.update({ where: { name: planName }, data: { quotaUsd: "0.5" } });
    await database.prisma.creator.update({ where: { id: moved }, data: { planName, quotaUsd: null } });
    const told = await raiseLoweredQuotas(database);
    expect(told.map(({ creatorId }) => creatorId).sort()).toEqual(
      [ofPlan, moved].flatMap((id) => Array.from({ length: 4 }, () => id)).sort(),
    );
    expect(await percents(own)).toEqual([]);
  });

  it("come once where calls end at once", async () => {
    const creatorId = await newCreator("1");
    await Promise.all(Array.from({ length: 20 }, () => spend(creatorId, "0.05")));
    expect(await percents(creatorId)).toEqual([50, 80, 95, 100]);
  });

  it("do not come without a quota", async () => {
    const creatorId = await newCreator(null, "business");
    await spend(creatorId, "100");
    expect(await alertsOf(creatorId)).toEqual([]);
  });

  it("a cost above its hold has an alert of its own", async () => {
    const creatorId = await newCreator(null, "business");
    const callId = await spend(creatorId, "0.5", "0.4");
    expect(await alertsOf(creatorId)).toMatchObject([
      {
        type: "cost_above_hold",
        message: `Call ${callId} of creator ${creatorId} cost $0.5, more than the $0.4 held for it.`,
      },
    ]);
  });
});
