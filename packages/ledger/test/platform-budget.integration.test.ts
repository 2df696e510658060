import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
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
    const used = await database.prisma.account.aggregate({
      where: { kind: "platform_month" },
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
    const holding = await database.prisma.account.count({
      where: { creatorId: { in: [...creatorIds] }, heldUsd: { gt: 0 } },
    });
    expect([creatorIds.size, holding]).toEqual([40, 16]);
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
    await openCalls(database, ledger, [{ creatorId: newId("evt"), holdUsd: "1" }]);
    const [bounded] = await ledgers(5);
    const [call] = (await intents(database, ledger, [{ creatorId, holdUsd: "3" }])) as [CallIntent];
    const where = { kind: "platform_month" } as const;
    let opening: Promise<{ kind: string }> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.account.updateMany({ where, data: { heldUsd: { increment: "3" } } });
      opening = bounded.openCall(call);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    expect(await opening).toMatchObject({ kind: "wait", waitingFor: "quota" });
    await database.prisma.account.updateMany({ where, data: { heldUsd: { decrement: "3" } } });
    expect((await bounded.openCall(call)).kind).toBe("open");
  });

  it("is kept also where none is set, so that one that is set later knows what was spent", async () => {
    const [call] = await openCalls(database, ledger, [{ creatorId, holdUsd: "3" }]);
    await ledger.endCall(begun(call), answered("2"));
    const [bounded] = await ledgers(0);
    const [none] = (await intents(database, ledger, [{ creatorId, holdUsd: "0.1" }])) as [CallIntent];
    expect((await bounded.openCall(none)).kind).toBe("wait");
  });
});
