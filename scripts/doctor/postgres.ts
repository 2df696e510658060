import { listPendingMigrations, loadStatement, openDatabase } from "@understudy/database";
import { reasonOf } from "../client/command-error.ts";
import { checkClock } from "./clock.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { checkAuditRole } from "./hardening.ts";
import type { Settings } from "./settings.ts";

const factsStatement = loadStatement(new URL("./postgres-facts.sql", import.meta.url));
const versionMin = 150_000;
/** One API and one worker, with a rollout's second ones beside them. */
const connectionsMin = 50;

interface Facts {
  version: number;
  nowMs: number;
  connectionsMax: number;
  statementTimeout: string;
  idleTimeout: string;
  jit: string;
  seqScan: string;
  isUtc: boolean;
  tls: boolean;
}

/** Version, TLS, time-outs, connections, clock and migrations. */
export async function checkPostgres(settings: Settings): Promise<Finding[]> {
  const url = settings.DATABASE_URL;
  if (url === undefined) return [];
  const database = openDatabase(url, 1);
  try {
    const [facts] = await database.execute<Facts>(factsStatement);
    if (!facts) throw new Error("no answer");
    return [
      ...checkFacts(facts, new URL(url)),
      await checkClock(
        "Postgres",
        async () => (await database.execute<Facts>(factsStatement))[0]?.nowMs ?? 0,
      ),
      ...(await checkMigrations(settings)),
      await checkAuditRole(database),
    ];
  } catch (error) {
    return [
      fail(
        "postgres",
        reasonOf(error),
        "see that DATABASE_URL names a Postgres that answers, and its sslmode",
      ),
    ];
  } finally {
    await database.close();
  }
}

function checkFacts(facts: Facts, url: URL): Finding[] {
  const version = `${Math.floor(facts.version / 10_000)}.${facts.version % 10_000}`;
  const isLocal = /^(localhost|127\.|\[::1\])/.test(url.hostname) || !url.hostname.includes(".");
  return [
    facts.version >= versionMin
      ? ok("postgres", `version ${version}`)
      : fail("postgres", `version ${version}`, "upgrade it to 15 or newer"),
    facts.tls || isLocal
      ? ok("postgres", facts.tls ? "over TLS" : "without TLS, within this machine or network")
      : warn(
          "postgres",
          "passwords and fans' messages go there without TLS",
          "add sslmode=verify-full to DATABASE_URL",
        ),
    facts.connectionsMax >= connectionsMin
      ? ok("postgres", `${facts.connectionsMax} connections`)
      : warn(
          "postgres",
          `${facts.connectionsMax} connections`,
          `allow ${connectionsMin}: an API takes 11, a worker 14 at most`,
        ),
    ...(lacksSettings(facts)
      ? [
          fail(
            "postgres",
            "the pooler's sessions lack their settings",
            `ALTER ROLE ${url.username || "…"} SET statement_timeout = '12s'; likewise idle_in_transaction_session_timeout = '10s', jit = off, enable_seqscan = off, timezone = 'UTC'; then reconnect the pooler`,
          ),
        ]
      : [ok("postgres", "time-outs are in force")]),
  ];
}

function lacksSettings({ statementTimeout, idleTimeout, jit, seqScan, isUtc }: Facts): boolean {
  return statementTimeout === "0" || idleTimeout === "0" || jit === "on" || seqScan === "on" || !isUtc;
}

async function checkMigrations(settings: Settings): Promise<Finding[]> {
  const url = settings.DATABASE_DIRECT_URL ?? settings.DATABASE_URL;
  if (url === undefined) return [];
  try {
    const pending = await listPendingMigrations(url);
    if (pending.length === 0) return [ok("migrations", "all applied")];
    return [fail("migrations", `${pending.length} not applied (${pending[0]} …)`, "run `npm run migrate`")];
  } catch (error) {
    return [fail("migrations", reasonOf(error), "see docs/operations.md, Upgrade")];
  }
}
