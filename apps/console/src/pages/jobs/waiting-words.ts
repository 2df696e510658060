import type { Job } from "@understudy/contracts";

/** What a job waits for, behind "waits". */
export const waitingWords: Record<NonNullable<Job["waitingFor"]>, string> = {
  token: "for a token of the creator's bucket",
  quota: "for room in the quota",
  provider: "for Gemini, which can't be called just now",
  worker: "for a free worker",
  time: "for its time",
  paused: "while the creator is paused, or all spending is stopped",
};
