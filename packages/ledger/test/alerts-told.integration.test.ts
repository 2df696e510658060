import { expect, it } from "@jest/globals";
import { type AlertFacts, type AlertType, alertTypes } from "@understudy/contracts";
import { loadStatement, newId } from "@understudy/database";
import { alertsUntold, createUnknownCall, eventually } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { raiseRefusals } from "../src/alerts/refusals.ts";
import { raiseSpendSpikes } from "../src/alerts/spend-spikes.ts";
import { raiseAlert } from "../src/index.ts";
import { Ledger } from "../src/ledger.ts";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { writeCalls } from "./ended-call.ts";
import { answered, begun, openCalls, waitingForLocks } from "./running-jobs.ts";

const raiseStatement = loadStatement(new URL("../src/alerts/raise-alert.sql", import.meta.url));

const { database, zoned, setTime } = await openStrictSuiteDatabase(8);
const ledger = new Ledger(database);
const creatorId = "psy";

/** What the worker raises of what it meets, by one statement. */
const met: AlertFacts[] = [
  { type: "not_storable", creatorId, data: { jobId: "job_1", sqlState: "54000" } },
  { type: "redis_evicts", creatorId: null, data: { policy: "allkeys-lru" } },
  {
    ...{ type: "model_unavailable", creatorId: null },
    data: { model: "m", apiVersion: "v1", next: null, priceRatio: null },
  },
  {
    ...{ type: "model_rerouted", creatorId: null },
    data: { model: "m", modelVersion: "n", callId: "call_1", costUsd: "0.1" },
  },
  {
    ...{ type: "quota_threshold", creatorId },
    data: { percent: 50, month: "2026-10", plan: "p", quotaUsd: "1", spentUsd: "0.5", unknownUsd: "0" },
  },
  {
    ...{ type: "model_retiring", creatorId: null },
    data: { model: "m", retiresAt: "2026-12-24T00:00:00.000Z", days: 3, roles: ["draft"] },
  },
];

/** Each way in which a statement of the ledger raises alerts, and what it raises; to be gone several times, also at once. */
const ways: [readonly AlertType[], () => Promise<() => Promise<unknown>>][] = [
  [
    met.map(({ type }) => type),
    async () => () => Promise.all(met.map((facts) => raiseAlert(database, facts, "once"))),
  ],
  [
    ["quota_threshold", "cost_above_hold"],
    async () => {
      const [call] = await openCalls(database, ledger, [{ creatorId, holdUsd: "9" }]);
      // Each of a process of its own: in one a call ends once.
      return () => new Ledger(zoned).endCall(begun(call), answered("9.6"));
    },
  ],
  [
    ["cost_above_hold"],
    async () => {
      const id = await createUnknownCall(database, { creatorId: "iu", holdUsd: "0.5" });
      return () => resolveUnknownCall(database, id, { costUsd: "0.6" });
    },
  ],
  [
    ["unknown_calls"],
    async () => {
      await openCalls(database, ledger, Array(6).fill({ creatorId: "abba", holdUsd: "0.5" }));
      await setTime("2026-11-22T18:31:01Z");
      // Each of them some of the calls: the alert grows.
      return () => ledger.giveUpCalls(2);
    },
  ],
  [
    ["spend_spike"],
    async () => {
      const at = new Date("2026-11-22T18:30:00Z");
      await writeCalls(database, [{ creatorId: "beck", costUsd: "2", startedAt: at }]);
      return () => raiseSpendSpikes(zoned, at);
    },
  ],
  [
    ["provider_key_refused", "provider_account_depleted", "provider_refuses"],
    async () => {
      const startedAt = new Date("2026-11-22T18:30:00Z");
      const call = { creatorId, startedAt, status: "released", provider: "gemini" } as const;
      await writeCalls(database, [
        { ...call, httpStatus: 401, errorCode: "unauthenticated" },
        { ...call, httpStatus: 429, providerWords: { reason: "BILLING_DISABLED" } },
        ...Array(10).fill({ ...call, httpStatus: 400, errorCode: "invalid_argument" }),
      ]);
      return () => raiseRefusals(zoned);
    },
  ],
];

it.each(ways)("alerts of the types %j are told as the contract says, once", async (types, prepare) => {
  await setTime("2026-11-22T18:30:00Z");
  const raise = await prepare();
  await Promise.all([raise(), raise(), raise()]);
  await raise();
  expect(await alertsUntold({ database })).toEqual([]);
  const raised = await database.prisma.alert.findMany({ where: { type: { in: [...types] } } });
  expect(new Set(raised.map(({ type }) => type))).toEqual(new Set(types));
});

it("no alert of the ledger is left out above", () => {
  const all = new Set(ways.flatMap(([types]) => types));
  expect(alertTypes.filter((type) => !all.has(type))).toEqual(["endpoint_disabled"]);
});

it("one that another raises in the same moment is told by whoever is committed", async () => {
  const raised = async (key: string) => {
    const type_key = { type: "redis_evicts", key } as const;
    return (await database.prisma.alert.findUniqueOrThrow({ where: { type_key } })).payload;
  };
  const facts = (policy: string) => ({ type: "redis_evicts", creatorId: null, data: { policy } }) as const;
  for (const isKept of [true, false]) {
    const key = newId("evt");
    let second: Promise<void> | undefined;
    const first = database.transaction(async (execute) => {
      const { type, data } = facts("first");
      await execute(raiseStatement, [{ type, key, payload: data }]);
      second = raiseAlert(database, facts("second"), key);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      if (!isKept) throw new Error("rolled back");
    });
    await first.catch(() => {});
    await second;
    expect(await raised(key)).toEqual({ policy: isKept ? "first" : "second" });
    expect(await alertsUntold({ database })).toEqual([]);
  }
});

it("several are raised by type and key, the last ones free for others until the first is told", async () => {
  const raised = ["not_storable:a", "not_storable:b", "redis_evicts:a"].map((name) => {
    const [type, key] = name.split(":");
    return { type, key: `${key}_in_order`, payload: {} };
  });
  await database.execute(raiseStatement, raised);
  let again: Promise<unknown> | undefined;
  await database.transaction(async (execute) => {
    const locking = (more: string) => ({
      name: "",
      text: `SELECT "id" FROM "Alert" WHERE "key" LIKE '%_in_order' ${more}`,
    });
    await execute(locking(`AND "type" = 'not_storable' AND "key" = 'a_in_order' FOR UPDATE`));
    again = database.execute(raiseStatement, raised.toReversed());
    await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    expect(await execute(locking("FOR UPDATE SKIP LOCKED"))).toHaveLength(3);
  });
  await again;
});
