export { LocalServiceError } from "./local-service-error.ts";
export { openLog, readLog } from "./log-file.ts";
export { findFreePort, listenFault } from "./ports.ts";
export { type PostgresOptions, type RunningPostgres, startPostgres } from "./postgres.ts";
export { acquireProcessLock, lockHolder, type ProcessLock } from "./process-lock.ts";
export { identify, isRunning, type ProcessIdentity } from "./processes.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./redis.ts";
export { writePrivateFile } from "./secret-file.ts";
export { waitUntil } from "./wait-until.ts";
