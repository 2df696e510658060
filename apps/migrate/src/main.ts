import { existsSync } from "node:fs";
import { applyMigrations } from "@understudy/database";
import { parseEnvironment } from "@understudy/service";
import { z } from "zod";

const usage = `Usage: npm run migrate        (in an image: node dist/migrate.mjs)

Brings the database of DATABASE_URL up to date with prisma/migrations and ends. Where that is a pooler,
DATABASE_DIRECT_URL names Postgres itself. May be repeated, and run by several at once: they take turns.
With DATABASE_APP_ROLE the role of that name, which API and workers connect as, is given what they need and no more: it can't change
the schema, and only append to the audit log. With DATABASE_APP_PASSWORD it is made where there is none.

Exit codes: 0 up to date; 1 it is not, and standard error says why; 2 wrong usage.`;

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
const environment = z
  .object({
    DATABASE_URL: postgresUrl.optional(),
    DATABASE_DIRECT_URL: postgresUrl.optional(),
    DATABASE_APP_ROLE: z.string().min(1).max(63).optional(),
    DATABASE_APP_PASSWORD: z.string().min(16, "must have at least 16 characters").optional(),
  })
  .refine((env) => env.DATABASE_DIRECT_URL ?? env.DATABASE_URL, {
    path: ["DATABASE_URL"],
    message: "is needed, or DATABASE_DIRECT_URL",
  });

/** Seen from dist/ in a build, from here in a clone. */
const directory = ["../prisma/migrations/", "../../../prisma/migrations/"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));

async function migrate(): Promise<void> {
  if (!directory)
    throw new Error("prisma/migrations is not where it should be: the installation is not whole.");
  const env = parseEnvironment(environment, process.env);
  const { DATABASE_APP_ROLE: name, DATABASE_APP_PASSWORD: password } = env;
  const url = env.DATABASE_DIRECT_URL ?? String(env.DATABASE_URL);
  const applied = await applyMigrations(url, directory, name === undefined ? undefined : { name, password });
  for (const name of applied) console.log(`applied ${name}`);
  console.log(applied.length === 0 ? "The database is up to date." : `${applied.length} migrations applied.`);
}

const [argument] = process.argv.slice(2);
if (argument === undefined) {
  try {
    await migrate();
  } catch (error) {
    console.error(`✗ ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
} else {
  const isHelp = argument === "--help" || argument === "-h";
  console[isHelp ? "log" : "error"](usage);
  process.exitCode = isHelp ? 0 : 2;
}
