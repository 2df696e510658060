export { findProgram } from "./commands.ts";
export { LocalServiceError } from "./local-service-error.ts";
export { openLog, readLog } from "./log-file.ts";
export { findFreePort, listenFault } from "./ports.ts";
export { type PostgresOptions, type RunningPostgres, startPostgres } from "./postgres.ts";
export { acquireProcessLock, lockHolder, type ProcessLock } from "./process-lock.ts";
export {
  childrenOf,
  identify,
  isRunning,
  type ProcessIdentity,
  signalProcess,
  withChildren,
} from "./processes.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./redis.ts";
export { writePrivateFile } from "./secret-file.ts";
export { installPackage, NotInstallable } from "./system-packages.ts";
export { waitUntil } from "./wait-until.ts";
