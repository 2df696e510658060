import { monotonicFactory } from "ulid";

/**
 * Ids only have to differ; the factory's own source of chance costs 90 µs for each of them. They tell the own
 * wall clock's time: at most which of a creator's jobs waits first goes by that.
 */
const next = monotonicFactory(Math.random);

/**
 * A new row's id, such as `job_01K…`. In order of time, which keeps the indexes compact and lists in order.
 * No secret: whoever knows an id still needs a key.
 */
export function newId(
  kind: "job" | "call" | "evt" | "ins" | "end" | "key" | "aud" | "ses" | "worker",
): string {
  return `${kind}_${next()}`;
}
