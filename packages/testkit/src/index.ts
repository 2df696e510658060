export { eventually } from "./eventually.ts";
export { assertInvariants, readBill } from "./invariants.ts";
export { createPastCalls, type PastCallsOptions, pastMonth } from "./past-calls.ts";
export { type BillEntry, priceBillEntry } from "./second-price.ts";
export { type ServiceProcess, spawnService } from "./service-process.ts";
export { type Stack, type StackOptions, startStack, testSecretsKeys } from "./stack.ts";
export { createTestDatabase, startTestPostgres, type TestDatabase } from "./test-database.ts";
export { startTestRedis, temporaryDirectory } from "./test-redis.ts";
export { createUnknownCall, type UnknownCallOptions } from "./unknown-call.ts";
