import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { type CallIntent, Ledger } from "../src/ledger.ts";
import { sumUsd } from "../src/money.ts";
import { answered, begun, intents, openCalls, waitingForLocks } from "./running-jobs.ts";

const { database } = await openSuiteDatabase(20);
const ledger = new Ledger(database);
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
});

describe("the budget of the platform", () => {
  /** Ledgers, as of two processes, of a platform that has so much left beside all that was used so far. */
  async function ledgers(leftUsd: number): Promise<[Ledger, Ledger]> {
    const used = await database.prisma.monthlySpend.aggregate({
      _sum: { spentUsd: true, heldUsd: true, unknownUsd: true },
    });
    const { spentUsd, heldUsd, unknownUsd } = used._sum;
    const taken = sumUsd([spentUsd, heldUsd, unknownUsd].map((usd) => usd?.toFixed() ?? 0));
    const options = { platformQuotaUsd: taken.plus(leftUsd).toFixed() };
    return [new Ledger(database, options), new Ledger(database, options)];
  }

  it("is never passed by many creators and two ledgers at once", async () => {
    const both = await ledgers(5);
    const wishes = await intents(
      database,
      ledger,
      Array.from({ length: 40 }, () => ({ creatorId: newId("evt"), holdUsd: "0.3" })),
    );
    const openings = await Promise.all(wishes.map((wish, index) => both[index % 2 ? 1 : 0].openCall(wish)));
    expect(openings.filter((opening) => opening.kind === "open")).toHaveLength(16);
    expect(openings.filter((opening) => opening.kind === "wait")).toHaveLength(24);
    const creatorIds = new Set(wishes.map((wish) => wish.creatorId));
    const accounts = await database.prisma.monthlySpend.count({
      where: { creatorId: { in: [...creatorIds] } },
    });
    expect([creatorIds.size, accounts]).toEqual([40, 16]);
  });

  it("counts what each creator has spent, holds, and may have spent", async () => {
    const other = newId("evt");
    const ofBoth = (terms: { timeoutSeconds?: number } = {}) =>
      openCalls(database, ledger, [
        { creatorId, holdUsd: "3", ...terms },
        { creatorId: other, holdUsd: "3", ...terms },
      ]);
    await ofBoth({ timeoutSeconds: -1 });
    expect(await ledger.giveUpCalls(10)).toHaveLength(2);
    for (const call of await ofBoth()) await ledger.endCall(begun(call), answered("3"));
    await ofBoth();
    const [bounded] = await ledgers(2);
    const wishes = ["2.000000000001", "2"].map((holdUsd) => ({ creatorId: newId("evt"), holdUsd }));
    const [above, within] = (await intents(database, ledger, wishes)) as [CallIntent, CallIntent];
    expect((await bounded.openCall(above)).kind).toBe("wait");
    expect((await bounded.openCall(within)).kind).toBe("open");
  });

  it("counts what another process is about to hold for another creator", async () => {
    const [one, other] = await ledgers(5);
    const wish = { holdUsd: "3" };
    const wishes = [
      { creatorId, ...wish },
      { creatorId: newId("evt"), ...wish },
    ];
    const [first, second] = (await intents(database, ledger, wishes)) as [CallIntent, CallIntent];
    let openings: Promise<{ kind: string }[]> | undefined;
    await database.prisma.$transaction(async (holder) => {
      // The first waits for its job, the second for the first.
      await holder.job.update({ where: { id: first.jobId }, data: { priority: 2 } });
      const opened = one.openCall(first);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      openings = Promise.all([opened, other.openCall(second)]);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(2));
    });
    expect(await openings).toMatchObject([{ kind: "open" }, { kind: "wait", waitingFor: "quota" }]);
  });
});
