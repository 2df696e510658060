import type { Job } from "@understudy/contracts";
import type { RowFault } from "./read-messages.ts";

/** What became of one row of the file. Every row that was read has exactly one. */
export type Outcome =
  /** The API would refuse it: never sent. */
  | { kind: "skipped"; code: RowFault }
  /** The API refused it, or never answered: there is no job, as far as can be known. */
  | { kind: "notAccepted"; code: string; detail: string }
  /** Accepted, and reached a terminal state. */
  | { kind: "ended"; job: Job }
  /** Accepted, and no terminal state was seen. */
  | { kind: "unfinished"; jobId: string; code: "interrupted" | "job_not_found" | "stalled" | "no_contact" };
