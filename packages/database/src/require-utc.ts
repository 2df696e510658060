import type { Database } from "./database.ts";

const statement = { name: "session-time-zone", text: `SELECT current_setting('TimeZone') AS "timeZone"` };

/**
 * Refuses sessions that are not in UTC: a pooler has kept our setting back, and times would be hours off.
 * @throws with both remedies; or that Postgres is away
 */
export async function requireUtc(database: Database): Promise<void> {
  const [row] = await database.execute<{ timeZone: string }>(statement);
  const timeZone = row?.timeZone ?? "";
  if (/^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu)$/i.test(timeZone)) return;
  throw new Error(
    `Sessions of Postgres are in ${timeZone}, not in UTC: prices and deadlines would be hours off. A pooler keeps our setting back. ` +
      "Either let it through (PgBouncer without pgbouncer=true in DATABASE_URL and with no options in ignore_startup_parameters), " +
      "or give the role the setting: ALTER ROLE … SET timezone = 'UTC', and reconnect the pooler.",
  );
}
