import { z } from "zod";
import { job } from "./job.ts";

/** Data of the server-sent events of `GET /api/ai/jobs/{id}/events`, by the event's name. */
export const jobEvents = {
  /** The job's state, told when it changes. */
  status: job.pick({ status: true, waitingFor: true, admission: true, attempts: true }),
  /** A piece of the text that is being generated: belongs behind all that came since the last `retract`. */
  token: z.object({
    text: z.string(),
    /** Key of the step that writes it. */
    step: z.string(),
    /** It may be taken back: what counts is the result of `done`. */
    provisional: z.literal(true),
    /** Of a draft that has still to pass compliance. */
    note: z.string().optional(),
  }),
  /** All text so far is taken back: it was rewritten, or an attempt begins again. */
  retract: z.object({}),
  /** The job, as `GET /api/ai/jobs/{id}` gives it. The last event. */
  done: job,
};

export type JobEvent = {
  [Name in keyof typeof jobEvents]: { event: Name; data: z.infer<(typeof jobEvents)[Name]> };
}[keyof typeof jobEvents];
