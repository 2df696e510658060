import { testEventType } from "@understudy/contracts";
import type { Clock } from "@understudy/database";
import type { WorkerTelemetry } from "@understudy/telemetry";
import type { DeliveryToTry, TryFence, TryRecord } from "@understudy/webhooks";
import type { EventPoster, PostAnswer } from "./post-event.ts";
import { nextTryAt } from "./retry-schedule.ts";

/** A delivery, and what is to be sent. */
export interface LoadedDelivery extends DeliveryToTry {
  body: string;
}

export interface TryDependencies {
  sign: (delivery: LoadedDelivery, body: string, at: Date) => Record<string, string>;
  poster: EventPoster;
  record: (record: TryRecord) => Promise<unknown>;
  /** Tells operators of tries. */
  telemetry: Pick<WorkerTelemetry, "delivery">;
  /** Receivers and other workers go by it. */
  clock: Clock;
  /** Pauses between tries, in ms. */
  schedule: readonly number[];
  disableAfterSeconds: number;
  /** Aborts when tries under way are broken off. */
  stopping: AbortSignal;
}

const fixedHeaders = { "content-type": "application/json", "user-agent": "Understudy-Webhooks/1" };

/**
 * Makes one try of a delivery and writes it down.
 * @returns when it is tried again, if it is
 * @throws where it was broken off: it counts for nothing, and is made again
 */
export async function tryDelivery(
  dependencies: TryDependencies,
  delivery: LoadedDelivery,
): Promise<Date | undefined> {
  const { telemetry, clock, stopping } = dependencies;
  const observed = telemetry.delivery(delivery);
  const at = clock.now();
  const answer = await post(dependencies, delivery, at, observed.headers);
  if (stopping.aborted) throw new Error("The worker stops.");
  const record = judge(dependencies, delivery, delivery.type === testEventType, at, answer);
  observed.end(record);
  await dependencies.record(record);
  return record.nextTryAt;
}

async function post(
  { sign, poster }: TryDependencies,
  delivery: LoadedDelivery,
  at: Date,
  traceHeaders: Record<string, string>,
): Promise<PostAnswer> {
  const { url, body } = delivery;
  let headers: Record<string, string>;
  try {
    headers = { ...fixedHeaders, ...traceHeaders, ...sign(delivery, body, at) };
  } catch {
    // A key is missing from UNDERSTUDY_SECRETS_KEYS: may it be back by the next try.
    return { ms: 0, error: "secret_unreadable" };
  }
  return await poster.post(url, headers, body);
}

/**
 * What follows from an answer. 2xx alone is success, and 410 ends it for good.
 * @param isTest whoever sent it waits for what comes of it: it is tried once, and says nothing of how the endpoint does
 */
function judge(
  { clock, schedule, disableAfterSeconds }: TryDependencies,
  { id, generation, tries }: TryFence,
  isTest: boolean,
  at: Date,
  { retryAfter, ...answer }: PostAnswer,
): TryRecord {
  const { httpStatus = 0 } = answer;
  const tried = { id, generation, tries, at, ...answer, isTest, disableAfterSeconds };
  // A 2xx whose body never ended was taken all the same.
  if (httpStatus >= 200 && httpStatus < 300) return { ...tried, outcome: "delivered", gone: false };
  if (isTest) return { ...tried, outcome: "failed", gone: false };
  if (httpStatus === 410) return { ...tried, outcome: "failed", gone: true };
  const next = nextTryAt(schedule, tries + 1, clock.now(), retryAfter);
  return next
    ? { ...tried, outcome: "pending", nextTryAt: next, gone: false }
    : { ...tried, outcome: "failed", gone: false };
}
