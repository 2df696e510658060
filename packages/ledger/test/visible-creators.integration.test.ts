import { beforeAll, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import { calls } from "../src/calls-list.ts";
import { charges } from "../src/charges/charges-list.ts";
import { explainCall } from "../src/explain.ts";
import { writeCalls } from "./ended-call.ts";

const { database } = await openSuiteDatabase(4);

const creators = ["psy", "rihanna", "eminem"];

/** Each creator has two calls, an alert and a charge; one alert is about none. */
beforeAll(async () => {
  const startedAt = new Date(Date.now() - 60_000);
  await writeCalls(
    database,
    [...creators, ...creators].map((creatorId) => ({ creatorId, startedAt })),
  );
  const payload = { callId: "call_1", costUsd: "0.5", holdUsd: "0.4" };
  await database.prisma.alert.createMany({
    data: [...creators, null].map((creatorId) => ({
      id: newId("evt"),
      type: "cost_above_hold" as const,
      creatorId,
      key: String(creatorId),
      payload,
    })),
  });
});

/** Whom a list tells of, each as often as it does. */
type Whom = (query: { creatorIds?: string[]; creatorId?: string }) => Promise<(string | null)[]>;

const lists: Record<string, { whom: Whom; each: number }> = {
  calls: {
    each: 2,
    whom: async (query) => {
      const { items } = await calls(database, { limit: 50, first: "oldest", ...query }, undefined, {
        withWords: false,
      });
      return items.map(({ creatorId }) => creatorId);
    },
  },
  alerts: {
    each: 1,
    whom: async (query) => {
      const { items } = await alerts(database, { limit: 50, ...query }, undefined);
      return items.map(({ creatorId }) => creatorId);
    },
  },
  charges: {
    each: 1,
    whom: async (query) => {
      const { items } = await charges(database, { limit: 50, ...query });
      return items.map(({ creatorId }) => creatorId);
    },
  },
};

describe.each(Object.entries(lists))("the list of %s", (name, { whom, each }) => {
  const times = (...ids: string[]) => ids.flatMap((id) => Array<string>(each).fill(id)).sort();

  it("tells of the creators alone that are visible, whoever else is asked for", async () => {
    expect((await whom({ creatorIds: ["psy", "eminem"] })).sort()).toEqual(times("eminem", "psy"));
    expect(await whom({ creatorIds: ["psy"], creatorId: "psy" })).toEqual(times("psy"));
    expect(await whom({ creatorIds: ["psy"], creatorId: "eminem" })).toEqual([]);
    expect(await whom({ creatorIds: [] })).toEqual([]);
  });

  it("tells of all where no creators are named", async () => {
    const ofNone = name === "alerts" ? [null] : [];
    expect((await whom({})).sort()).toEqual([...times(...creators), ...ofNone].sort());
    expect(await whom({ creatorId: "eminem" })).toEqual(times("eminem"));
  });
});

describe("a call", () => {
  it("is explained where its creator is visible, and else as if it had never been", async () => {
    const { id } = await database.prisma.usageLog.findFirstOrThrow({ where: { creatorId: "eminem" } });
    expect(await explainCall(database, id, { creatorIds: ["psy", "eminem"] })).toMatchObject({ callId: id });
    expect(await explainCall(database, id)).toMatchObject({ callId: id });
    expect(await explainCall(database, id, { creatorIds: ["psy"] })).toBeUndefined();
    expect(await explainCall(database, id, { creatorIds: [] })).toBeUndefined();
  });
});
