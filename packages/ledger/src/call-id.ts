import { ulid } from "ulid";

/** A new call's id: unique, and in order of time, which keeps `UsageLog`'s index compact. */
export function newCallId(): string {
  return `call_${ulid()}`;
}
