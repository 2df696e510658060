export { addToAccounts } from "./account-rows.ts";
export { ApiContract } from "./api-contract.ts";
export { createApiKeyRow } from "./api-key-row.ts";
export { appProcesses, livingOf } from "./app-processes.ts";
export { askPostgres, askRedis } from "./ask-services.ts";
export { chromiumArguments, ensureChromium } from "./chromium.ts";
export { eventually } from "./eventually.ts";
export { freeze } from "./freeze.ts";
export { accountsAmiss } from "./invariants/accounts.ts";
export { alertsUntold } from "./invariants/alerts-told.ts";
export { assertInvariants, watchStack } from "./invariants/assert-invariants.ts";
export { readBill } from "./invariants/calls.ts";
export { logBytesMax, logBytesViolations } from "./invariants/log-bytes.ts";
export { refusedWrites } from "./invariants/refused-writes.ts";
export { requestsAstray } from "./invariants/requests.ts";
export { violationsAtRest } from "./invariants/violations-at-rest.ts";
export { type InvariantsWatch, watchInvariants } from "./invariants/watch-invariants.ts";
export type {
  AcceptedJob,
  JobEnd,
  Told,
  World,
} from "./invariants/world.ts";
export { type Link, startLink, throughLink } from "./link.ts";
export { newClaim } from "./new-claim.ts";
export { createPastCalls, type PastCallsOptions, pastMonth } from "./past-calls.ts";
export { ensurePgBouncer, type Pooler, startPgBouncer } from "./pgbouncer.ts";
export {
  type PlanNode,
  type PlannedStatement,
  planStatement,
  rowsLookedAt,
  tooMuchLookedAt,
} from "./planned-statement.ts";
export { type PostgresPair, startPostgresPair } from "./postgres-pair.ts";
export { type PostgresWire, startPostgresWire } from "./postgres-wire.ts";
export { type ProcessClock, startProcessClock } from "./process-clock.ts";
export { prometheusTools } from "./prometheus-tools.ts";
export { cutAppendOnlyFile, type RedisPair, startRedisPair } from "./redis-pair.ts";
export { ScriptClock } from "./script-clock.ts";
export { type BillEntry, type MorePrice, priceBillEntry } from "./second-price.ts";
export { type ServiceProcess, spawnService } from "./service-process.ts";
export {
  type Stack,
  type StackOptions,
  serviceSettings,
  startStack,
  testAdminKey,
  testSecretsKeys,
} from "./stack.ts";
export { temporaryDirectory } from "./temporary-directory.ts";
export { createTestCertificate, type TestCertificate } from "./test-certificate.ts";
export { createTestDatabase, startTestPostgres, type TestDatabase } from "./test-database.ts";
export { addRule, startTestEmulator } from "./test-emulator.ts";
export { startTestRedis } from "./test-redis.ts";
export { createUnknownCall, type UnknownCallOptions } from "./unknown-call.ts";
