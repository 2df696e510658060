import type { Job } from "@understudy/contracts";
import { streamStart } from "@understudy/queues";

/** What a reader has been told: the id of each event says it, so that `Last-Event-ID` loses and repeats nothing. */
export interface EventCursor {
  /** Last entry of the job's stream. */
  entryId: string;
  /** Length of the text since the last retraction, in UTF-16 code units. */
  textLength: number;
  /** Last state of the job; `doneStateOf` it when all was told. */
  state: string;
}

/** Of the last event: of each end of its own, since a job that was retried ends anew. */
export function doneStateOf({ retries = 0 }: Job): string {
  return `done.${retries}`;
}

/** As it stands in a cursor: what makes a state another one. */
export function stateOf({ status, waitingFor, attempts }: Job): string {
  return `${status}.${waitingFor ?? ""}.${attempts}`;
}

export function writeCursor({ entryId, textLength, state }: EventCursor): string {
  return `${entryId}/${textLength}/${state}`;
}

/** @param lastEventId as the client gives it; from the beginning where it is none of ours */
export function readCursor(lastEventId: string | undefined): EventCursor {
  const [, entryId, textLength, state] =
    /^(\d{1,20}-\d{1,20})\/(\d{1,9})\/([a-z0-9.]{0,64})$/.exec(lastEventId ?? "") ?? [];
  return entryId !== undefined && state !== undefined
    ? { entryId, textLength: Number(textLength), state }
    : { entryId: streamStart, textLength: 0, state: "" };
}
