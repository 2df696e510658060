import { usd } from "@understudy/contracts";
import { openDatabase } from "@understudy/database";
import { parseEnvironment, postgresUrl } from "@understudy/service";
import { z } from "zod";
import { CommandError, exitCodeOf, reasonOf } from "../client/command-error.ts";
import { type Asked, askBooks, auditPool, type Report } from "./ask-books.ts";
import { todoOf } from "./finding.ts";
import { findingsTable } from "./findings-table.ts";
import { type BooksOptions, runCommand } from "./options.ts";

const environment = z
  .object({
    DATABASE_URL: postgresUrl.optional(),
    DATABASE_DIRECT_URL: postgresUrl.optional(),
    PLATFORM_QUOTA_USD: usd.optional(),
    RETENTION_DAYS: z.coerce.number().int().min(1).max(36_500).default(30),
  })
  .refine((env) => env.DATABASE_DIRECT_URL ?? env.DATABASE_URL, {
    path: ["DATABASE_URL"],
    message: "is needed, or DATABASE_DIRECT_URL",
  });

/** What takes longer is told, so that nobody takes it for dead. */
const quietMs = 2_000;

async function books(options: BooksOptions): Promise<void> {
  const { month, creator, recompute, json } = options;
  const report = await ask({ month, creatorId: creator, recompute });
  const { calls, accounts, findings, isCut } = report;
  if (json)
    for (const finding of findings) console.log(JSON.stringify({ ...finding, todo: todoOf(finding) }));
  else if (findings.length > 0) console.log(findingsTable(findings));
  const count = (number: number) => number.toLocaleString("en");
  const atLeast = isCut ? "at least " : "";
  const verdict = `audit: ${count(calls)} calls, ${count(accounts)} accounts, ${atLeast}${count(findings.length)} findings`;
  // Of programs' output every line is a finding.
  (json ? console.error : console.log)(verdict);
  if (findings.length > 0) process.exitCode = 1;
}

async function ask(narrowed: Pick<Asked, "month" | "creatorId" | "recompute">): Promise<Report> {
  let now = "";
  const timer = setInterval(() => console.error(`asking: ${now}`), quietMs);
  try {
    const env = parseEnvironment(environment, process.env);
    const url = env.DATABASE_DIRECT_URL ?? String(env.DATABASE_URL);
    const database = openDatabase(url, auditPool.connections, auditPool);
    try {
      return await askBooks(database, {
        ...narrowed,
        platformQuotaUsd: env.PLATFORM_QUOTA_USD,
        retentionDays: env.RETENTION_DAYS,
        say: (what) => {
          now = what;
        },
      });
    } finally {
      await database.close();
    }
  } catch (error) {
    throw new CommandError(`The books can't be asked: ${reasonOf(error)}`, 1);
  } finally {
    clearInterval(timer);
  }
}

// The server ends what it was asked once it sees that nobody listens: settings.sql has it look.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

// A connection that could not sign in stays open for as long as the server waits for it: nobody waits for that.
await runCommand(process.argv.slice(2), books).catch((error: unknown) => process.exit(exitCodeOf(error)));
