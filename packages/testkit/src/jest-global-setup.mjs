// Plain JavaScript: Jest loads this one file with Node itself, before its own transforms.
import { register } from "tsx/esm/api";

/**
 * One Postgres for all test files of a run; each takes a database of its own on it. No test crashes it. It looks at its tables where a
 * test says so: by itself it would do so in the middle of a test of plans, between what is planned and what is run.
 */
export default async function setUp() {
  const unregister = register();
  const { startTestPostgres } = await import("./test-database.ts");
  const postgres = await startTestPostgres({ fsync: "off", full_page_writes: "off", autovacuum: "off" });
  process.env.UNDERSTUDY_TEST_POSTGRES_URL = postgres.url;
  globalThis.understudyTestPostgres = postgres;
  await unregister();
}
