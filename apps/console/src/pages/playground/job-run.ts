import type { Job, JobEvent } from "@understudy/contracts";

/** What the playground knows of the job that it follows. */
export interface JobRun {
  jobId: string;
  /** As it is generated; it may be taken back. */
  text: string;
  /** Steps that wrote it, the latest last. */
  step?: string;
  /** Of a draft that has still to pass compliance. */
  note?: string;
  /** Texts that were taken back. */
  retracted: string[];
  status: Job["status"];
  waitingFor?: Job["waitingFor"];
  job?: Job;
}

export function newRun(jobId: string): JobRun {
  return { jobId, text: "", retracted: [], status: "queued" };
}

/** The run after one more event. What is taken back stays to be seen, struck out: an operator wants to know. */
export function after(run: JobRun, { event, data }: JobEvent): JobRun {
  switch (event) {
    case "status":
      return { ...run, status: data.status, waitingFor: data.waitingFor };
    case "token":
      return {
        ...run,
        text: run.text + data.text,
        step: data.step,
        ...(data.note !== undefined && { note: data.note }),
      };
    case "retract":
      return { ...run, text: "", retracted: run.text === "" ? run.retracted : [...run.retracted, run.text] };
    case "done":
      return { ...run, status: data.status, waitingFor: undefined, job: data };
  }
}
