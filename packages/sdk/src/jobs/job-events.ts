import type { JobEvent } from "../api/job.ts";
import { ConnectionError, UnderstudyError } from "../errors.ts";
import { Deadline } from "../http/deadline.ts";
import { Patience } from "../http/patience.ts";
import type { Transport } from "../http/transport.ts";
import { readEvents, type Silence } from "./server-sent-events.ts";

export interface StreamOptions {
  /** Stops it: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The `id` of the last event that is known already; from the beginning unless given. */
  lastEventId?: string | undefined;
}

/** A first event comes at once, unless something on the way holds streams back; to one who resumes, none may be new. */
const firstEventMs = 10_000;
/** A heartbeat comes every 15 s. */
const idleMs = 45_000;

/** Code of the error where a runtime's fetch can't stream. */
export const noStreamsCode = "streams_not_supported";

/** Events of later versions are left out. */
const known = ["status", "token", "retract", "done"];

export function jobPath(id: string): string {
  return `/api/ai/jobs/${encodeURIComponent(id)}`;
}

/** What becomes of a job, in order and without repetition, over as many connections as it takes. */
export async function* followJob<Result>(
  transport: Transport,
  id: string,
  { signal, lastEventId }: StreamOptions,
): AsyncGenerator<JobEvent<Result>, void, undefined> {
  const patience = new Patience();
  let last = lastEventId;
  for (;;) {
    let failure: unknown = new ConnectionError(`The events of ${id} end before the job does.`);
    try {
      const events = await openJobEvents<Result>(transport, id, last, signal);
      if (!events) return;
      patience.answered();
      for await (const event of events) {
        patience.renew();
        last = event.id;
        yield event;
        if (event.event === "done") return;
      }
    } catch (error) {
      failure = error;
    }
    signal?.throwIfAborted();
    await patience.wait(failure, signal);
  }
}

/**
 * The events of one connection, until it ends. Its end says nothing of the job: an API that stops ends it too.
 * @returns undefined where the API has told all
 * @throws where there is none
 */
export async function openJobEvents<Result>(
  transport: Transport,
  id: string,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<JobEvent<Result>, void, undefined> | undefined> {
  // Of this connection's own, so that nothing is left at the caller's signal.
  const connection = new Deadline(undefined, signal);
  try {
    const response = await transport.open(`${jobPath(id)}/events`, {
      headers: {
        accept: "text/event-stream",
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
      signal: connection.signal,
      timeoutMs: firstEventMs,
    });
    const silence = { firstEventMs: lastEventId === undefined ? firstEventMs : idleMs, idleMs };
    if (response.status !== 204) return eventsOf(response, silence, connection);
  } catch (error) {
    connection.clear();
    throw error;
  }
  connection.clear();
  return undefined;
}

async function* eventsOf<Result>(
  { body }: Response,
  silence: Silence,
  connection: Deadline,
): AsyncGenerator<JobEvent<Result>, void, undefined> {
  try {
    if (!body) throw new UnderstudyError("This runtime's fetch does not stream.", { code: noStreamsCode });
    for await (const { event, data, id } of readEvents(body, silence)) {
      if (known.includes(event)) yield { event, data: JSON.parse(data), id } as JobEvent<Result>;
    }
  } finally {
    connection.clear();
  }
}
