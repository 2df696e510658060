import { afterEach, describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { eventually } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { startWebhooksSweep } from "../src/webhooks/sweep-webhooks.ts";

const filledKey = "{webhooks}:filled-incarnation";

let sweep: { stop(): Promise<void> } | undefined;

afterEach(async () => {
  await sweep?.stop();
  sweep = undefined;
});

interface Scene {
  /** Run of Redis that was known to hold all. */
  known?: string;
  /** How many rows each statement finds, the first time; `away`: it fails then. */
  found?: Record<string, number | "away">;
}

/** Sweeps over a database and a Redis whose run is `run_2`. */
function start({ known, found = {} }: Scene) {
  const kept = new Map(known === undefined ? [] : [[filledKey, known]]);
  /** Statements with their items, in order. */
  const ran: [string, unknown][] = [];
  const told: Record<string, unknown>[] = [];
  const execute = async ({ name }: { name: string }, [item]: [{ seconds?: number }]) => {
    ran.push([name, item]);
    const what = name === "take-back-released" ? `released for ${item.seconds}` : "given up";
    const rows = found[what] ?? 0;
    delete found[what];
    if (rows === "away") throw new Error(what);
    return Array.from({ length: rows }, (_, at) => ({ id: `${at}` }));
  };
  const redis = {
    info: async () => "# Server\r\nrun_id:run_2\r\n",
    get: async (key: string) => kept.get(key) ?? null,
    set: async (key: string, value: string) => void kept.set(key, value),
  };
  const tell = (level: string) => (fields: object, msg: string) => void told.push({ level, ...fields, msg });
  sweep = startWebhooksSweep({
    database: { execute } as unknown as Database,
    redis: redis as unknown as Redis,
    logger: { warn: tell("warn"), info: tell("info") } as unknown as Logger,
  });
  const rounds = () => ran.filter(([name]) => name === "give-up-deliveries").length;
  const until = (count: number) => eventually(() => expect(rounds()).toBeGreaterThanOrEqual(count));
  return { sweep, kept, ran, told, until };
}

const old = ["take-back-released", { seconds: 30 }];
const given = ["give-up-deliveries", { limit: 5_000 }];
const all = ["take-back-released", { seconds: 0 }];

describe("the sweep of webhooks", () => {
  it("takes back what is old and gives up what nobody hears, each second, without a word where there is nothing", async () => {
    const { ran, told, until } = start({ known: "run_2" });
    const before = performance.now();
    await until(2);
    expect(performance.now() - before).toBeGreaterThan(950);
    expect(ran.slice(0, 4)).toEqual([old, given, old, given]);
    expect(told).toEqual([]);
  });

  it.each([undefined, "run_1"])(
    "takes all back once that Redis may have lost, known to hold all: %s",
    async (known) => {
      const { ran, told, kept, until } = start({ ...(known && { known }), found: { "released for 0": 2 } });
      await until(2);
      expect(ran.slice(0, 5)).toEqual([old, given, all, old, given]);
      expect(kept.get(filledKey)).toBe("run_2");
      expect(told).toEqual([
        { level: "info", deliveries: 2, msg: "Redis is new or was wiped: released webhooks again" },
      ]);
    },
  );

  it("tells operators what it had to do", async () => {
    const { told } = start({ known: "run_2", found: { "released for 30": 1, "given up": 3 } });
    await eventually(() => expect(told).toHaveLength(2));
    expect(told).toEqual([
      { level: "warn", deliveries: 1, msg: "webhooks were left behind and are released again" },
      { level: "info", deliveries: 3, msg: "gave up webhooks of endpoints that are disabled" },
    ]);
  });

  it("says nothing where Redis had lost nothing", async () => {
    const { sweep, told, kept } = start({});
    await eventually(() => expect(kept.get(filledKey)).toBe("run_2"));
    await sweep.stop();
    expect(told).toEqual([]);
  });

  it("goes on with the others where one fails, and tries that one again", async () => {
    const { ran, told, until, kept } = start({
      found: { "released for 30": "away", "released for 0": "away" },
    });
    await until(2);
    await eventually(() => expect(kept.get(filledKey)).toBe("run_2"));
    expect(ran.slice(0, 6)).toEqual([old, given, all, old, given, all]);
    const msg = "a sweep of webhooks failed and will be tried again";
    expect(told).toMatchObject([
      { level: "warn", sweep: "takeBackOld", msg, err: { message: "released for 30" } },
      { level: "warn", sweep: "takeBackAll", msg, err: { message: "released for 0" } },
    ]);
  });

  it("ends with the one under way, and begins none", async () => {
    const { sweep, ran } = start({});
    await sweep.stop();
    expect(ran).toEqual([old]);
  });
});
