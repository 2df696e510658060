import { join } from "node:path";
import { LocalServiceError } from "./local-service-error.ts";
import { acquireProcessLock, type ProcessLock } from "./process-lock.ts";

/**
 * Holds a service's directory for this process: two owners would stop each other's server and share its data.
 * @throws LocalServiceError when another living process (or this one, a second time) holds it
 */
export function holdDirectory(directory: string, service: string): ProcessLock {
  const held = acquireProcessLock(join(directory, "owner"));
  if ("release" in held) return held;
  throw new LocalServiceError(
    `${service} in ${directory} is in use by process ${held.heldBy.pid}: stop that one first, or take another directory.`,
  );
}
