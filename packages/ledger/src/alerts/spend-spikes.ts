import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./raise-spend-spikes.sql", import.meta.url));

const hourMs = 3_600_000;

/** Less in an hour is no spike, in USD. */
const spentUsd = "1";

/** The mean hour, so many times, is what a creator may spend without an alert. */
const times = 5;

/** The end of an hour is looked at in the one after it, unless looking paused for longer than this. */
const lookBackMs = 600_000;

/** Raises alerts of creators whose spend of this hour is far above their mean; those that were raised now. */
export function raiseSpendSpikes(database: Database, now: Date): Promise<{ creatorId: string }[]> {
  const hours = [now.getTime() - lookBackMs, now.getTime()].map((ms) => Math.floor(ms / hourMs) * hourMs);
  return database.execute(
    statement,
    [...new Set(hours)].map((hour) => ({ hour: new Date(hour), spentUsd, times })),
  );
}
