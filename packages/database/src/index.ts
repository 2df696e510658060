export { type Database, type Execute, openDatabase } from "./database.ts";
export { type DatabaseFault, databaseFault, isDatabaseAway, NotStorableError, sqlState } from "./errors.ts";
export { Prisma } from "./generated/client.ts";
export { groupCommit, TooManyWaitError } from "./group-commit.ts";
export { applyMigrations, listPendingMigrations } from "./migrations.ts";
export { newId } from "./new-id.ts";
export { requireUtc } from "./require-utc.ts";
export { loadStatement, type Statement } from "./statement.ts";
export { untilDatabaseAnswers } from "./until-database-answers.ts";
