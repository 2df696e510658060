import type { Database } from "@understudy/database";
import { afterSuite, openStrictSuiteDatabase } from "@understudy/testkit/suite";
import pg from "pg";
import { type EndedCall, writeCalls } from "../ended-call.ts";

/** A database in which it is the time that the test says: midnights of months come when they are wanted. */
export interface ClockedDatabase {
  /** What is under test uses this: its sessions have another time zone. */
  database: Database;
  /** The test's own hand on it. */
  hand: pg.Client;
  /** The time that statements get from `now()` from here on. */
  setNow(time: string): Promise<void>;
  /** Creators by their ids, and when each was made; on the plan business. */
  createCreators(madeAt: Record<string, string>): Promise<void>;
  /** Writes calls down as they stand once they were made, and brings all accounts in line with them. */
  spend(calls: readonly EndedCall[]): Promise<void>;
  /** Takes it back to what it was without any creator. */
  clear(): Promise<void>;
}

/** Makes a creator's account of a month. $1: creator, $2: the month's first day, $3: what it holds. */
export const accountStatement = `
  INSERT INTO "Account" ("id", "kind", "creatorId", "month", "heldUsd")
  SELECT "id", "kind", "ofCreator", "ofMonth", $3 FROM understudy_payers($1, NULL, $2) WHERE "kind" = 'creator_month'`;

/** One for a test file. */
export async function openClockedDatabase(time: string): Promise<ClockedDatabase> {
  const { url, database: writer, zoned, setTime } = await openStrictSuiteDatabase();
  const hand = new pg.Client(url);
  await hand.connect();
  afterSuite(() => hand.end());
  await setTime(time);
  return {
    database: zoned,
    hand,
    setNow: setTime,
    async createCreators(madeAt) {
      for (const [id, at] of Object.entries(madeAt)) {
        await hand.query(
          `INSERT INTO "Creator" ("id", "planName", "createdAt", "validFrom") VALUES ($1, 'business', $2, $2)`,
          [id, at],
        );
      }
    },
    async spend(calls) {
      await writeCalls(writer, calls);
      await hand.query(accountsStatement);
    },
    async clear() {
      await hand.query(
        `TRUNCATE "Creator", "UsageLog", "Account", "DailyUsage", "ClosedMonth", "CreatorHistory", "PlanHistory", "Outbox" CASCADE`,
      );
    },
  };
}

const accountsStatement = `
  INSERT INTO "Account" ("id", "kind", "creatorId", "month", "spentUsd", "heldUsd", "unknownUsd")
  SELECT payer."id", "kind", "ofCreator", "ofMonth", coalesce(sum("costUsd"), 0),
    coalesce(sum("holdUsd") FILTER (WHERE "status" = 'started'), 0), coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0)
  FROM "UsageLog" CROSS JOIN LATERAL understudy_payers("creatorId", NULL, "month") AS payer
  GROUP BY payer."id", "kind", "ofCreator", "ofMonth"
  ON CONFLICT ("id") DO UPDATE SET "spentUsd" = excluded."spentUsd", "heldUsd" = excluded."heldUsd",
    "unknownUsd" = excluded."unknownUsd"`;
