import { beforeEach, describe, expect, it } from "@jest/globals";
import { loadStatement, openDatabase } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { alertsToTell, giveUpAlerts, tellAlerts } from "../src/alerts/telling.ts";
import { waitingForLocks } from "./running-jobs.ts";

const lockStatement = loadStatement(new URL("../src/alerts/lock-channel.sql", import.meta.url));
const now = "2026-11-22T18:00:00Z";
const channels = ["log", "slack"];

const { url, database, setTime } = await openStrictSuiteDatabase(5);
await setTime(now);

beforeEach(async () => {
  await database.prisma.alert.deleteMany();
});

interface AlertRow {
  id: string;
  type?: "spend_spike" | "unknown_calls";
  key?: string;
  ageMs?: number;
  notifiedVia?: string[];
  notifiedAt?: Date;
}

async function raise(...rows: AlertRow[]) {
  await database.prisma.alert.createMany({
    data: rows.map(({ ageMs = 0, ...row }) => ({
      type: "spend_spike" as const,
      key: row.id,
      ...row,
      payload: {},
      createdAt: new Date(Date.parse(now) - ageMs),
    })),
  });
}

async function toTell(channel: string, limit = 10) {
  return (await alertsToTell(database, channel, limit)).map(({ id }) => id);
}

/** Tells the alerts of these ids, of those that are to be told; all unless ids are given. */
function tell(channel: string, ids?: string[], meanwhile: () => Promise<unknown> = async () => {}) {
  return tellAlerts(database, { channel, channels, limit: 10 }, async (pending) => {
    await meanwhile();
    return pending.filter(({ id }) => !ids || ids.includes(id));
  });
}

async function told(id: string) {
  const { notifiedVia, notifiedAt } = await database.prisma.alert.findUniqueOrThrow({ where: { id } });
  return { via: notifiedVia, at: notifiedAt?.toISOString() ?? null };
}

describe("alerts", () => {
  it("come to each channel the oldest first, so many at a time, until it has taken them", async () => {
    await raise(
      { id: "alert_c", ageMs: 5 },
      { id: "alert_a", ageMs: 5 },
      { id: "alert_b", ageMs: 9 },
      { id: "alert_d", ageMs: 7, notifiedVia: ["log"] },
      { id: "alert_e", notifiedVia: ["slack"] },
      { id: "alert_f", notifiedAt: new Date(now) },
    );
    expect(await toTell("log")).toEqual(["alert_b", "alert_a", "alert_c", "alert_e"]);
    expect(await toTell("slack")).toEqual(["alert_b", "alert_d", "alert_a", "alert_c"]);
    expect(await toTell("log", 2)).toEqual(["alert_b", "alert_a"]);
    expect(await tell("log", ["alert_a", "alert_e"])).toBe(2);
    expect(await toTell("log")).toEqual(["alert_b", "alert_c"]);
  });

  it("are done once every channel has taken them, and not before", async () => {
    await raise({ id: "alert_1" }, { id: "alert_2", notifiedVia: ["slack"] }, { id: "alert_3", ageMs: 1 });
    expect(await tell("log", ["alert_1", "alert_2"])).toBe(2);
    expect(await told("alert_1")).toEqual({ via: ["log"], at: null });
    expect(await told("alert_2")).toEqual({ via: ["slack", "log"], at: new Date(now).toISOString() });
    expect(await told("alert_3")).toEqual({ via: [], at: null });
    expect(await tell("slack", ["alert_1"])).toBe(1);
    expect(await told("alert_1")).toEqual({ via: ["log", "slack"], at: new Date(now).toISOString() });
  });

  it("keep what was noted of them while they were told", async () => {
    await raise({ id: "alert_1" }, { id: "alert_2", notifiedVia: ["slack"] });
    const { alert } = database.prisma;
    const givenUpAt = new Date(Date.parse(now) - 60_000);
    await tell("log", undefined, async () => {
      await alert.update({ where: { id: "alert_1" }, data: { notifiedVia: ["log"] } });
      await alert.update({ where: { id: "alert_2" }, data: { notifiedAt: givenUpAt } });
    });
    expect(await told("alert_1")).toEqual({ via: ["log"], at: null });
    expect(await told("alert_2")).toEqual({ via: ["slack", "log"], at: givenUpAt.toISOString() });
  });

  it("are noted by type and key, the last ones free for others until the first is", async () => {
    await raise(
      { id: "alert_1", type: "unknown_calls", key: "abba" },
      { id: "alert_3", key: "beck" },
      { id: "alert_2", key: "abba" },
    );
    let telling: Promise<number> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.$queryRaw`SELECT FROM "Alert" WHERE "id" = 'alert_2' FOR UPDATE`;
      telling = tell("log");
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      expect(await other.$queryRaw`SELECT "id" FROM "Alert" FOR UPDATE SKIP LOCKED`).toHaveLength(3);
    });
    expect(await telling).toBe(3);
  });

  it("are told again where telling failed", async () => {
    await raise({ id: "alert_1" });
    const failed = tell("log", undefined, () => Promise.reject(new Error("away")));
    await expect(failed).rejects.toThrow("away");
    expect(await tell("log")).toBe(1);
    expect(await tell("log")).toBe(0);
  });
});

describe("a channel", () => {
  it("is told through by one process at a time, and other channels meanwhile", async () => {
    await raise({ id: "alert_1" });
    await tell("log", undefined, async () => {
      const ofOther = () => Promise.reject(new Error("told by two"));
      expect(await tell("log", undefined, ofOther)).toBe(0);
      expect(await tell("slack")).toBe(1);
    });
    expect(await told("alert_1")).toMatchObject({ via: ["slack", "log"] });
  });

  it("is free again when the process that tells through it freezes", async () => {
    await raise({ id: "alert_1" });
    let goOn = () => {};
    const stays = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let ended: Promise<void> | undefined;
    await new Promise<void>((holds) => {
      const frozen = database.transaction(async (execute) => {
        const lock = [{ channel: "log", idleMsMax: 100 }];
        expect(await execute(lockStatement, lock)).toMatchObject([{ locked: true }]);
        holds();
        await stays;
      });
      ended = expect(frozen).rejects.toThrow();
    });
    await eventually(async () => expect(await tell("log")).toBe(1));
    goOn();
    await ended;
  });

  it("leaves its connection as it was", async () => {
    await raise({ id: "alert_1" });
    const alone = openDatabase(url, 1);
    const setting = () =>
      alone.prisma.$queryRaw`SELECT current_setting('idle_in_transaction_session_timeout') AS "idle"`;
    const before = await setting();
    await tellAlerts(alone, { channel: "log", channels, limit: 10 }, async (pending) => pending);
    expect(await setting()).toEqual(before);
    await alone.close();
  });
});

describe("alerts that can't be told", () => {
  it("are given up past so many hours, those that are named, with the channels that did take them", async () => {
    const [hours, day] = [3_600_000, 24 * 3_600_000];
    await raise(
      { id: "alert_1", ageMs: day + 1, notifiedVia: ["slack"] },
      { id: "alert_2", ageMs: day + hours },
      { id: "alert_3", ageMs: day },
      { id: "alert_4", ageMs: day + 1, notifiedAt: new Date(0) },
      { id: "alert_5", ageMs: day + 1 },
    );
    const named = (await alertsToTell(database, "log", 10)).filter(({ id }) => id !== "alert_5");
    const [one] = named;
    if (!one) throw new Error("no alert");
    const givenUp = await giveUpAlerts(database, [...named, { ...one, id: "alert_4" }], 24);
    expect(givenUp.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: "alert_1", notifiedVia: ["slack"] },
      { id: "alert_2", notifiedVia: [] },
    ]);
    expect(await told("alert_1")).toEqual({ via: ["slack"], at: new Date(now).toISOString() });
    expect(await told("alert_4")).toEqual({ via: [], at: new Date(0).toISOString() });
    expect(await toTell("log")).toEqual(["alert_5", "alert_3"]);
  });
});
