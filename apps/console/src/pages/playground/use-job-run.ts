import type { JobEvent } from "@understudy/contracts";
import { useEffect, useReducer, useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { parseVisibly } from "../../api/visible-text.ts";
import { after, type JobRun, newRun } from "./job-run.ts";

const eventNames = ["status", "token", "retract", "done"] as const;

/** After which an answer that was no stream is asked for again. */
const againMs = 2_000;

type Change = { kind: "begin"; jobId: string } | { kind: "event"; event: JobEvent };

/** Follows a job by its events. @returns what is known of it, and whether the stream is being resumed */
export function useJobRun(jobId: string | undefined): { run: JobRun | undefined; isResuming: boolean } {
  const understudy = useUnderstudy();
  const [run, change] = useReducer(next, undefined);
  const [isResuming, setResuming] = useState(false);
  useEffect(() => {
    if (jobId === undefined) return;
    let events: EventSource;
    let timer: number | undefined;
    function connect(id: string) {
      change({ kind: "begin", jobId: id });
      events = understudy.jobEvents(id);
      events.onopen = () => setResuming(false);
      // The browser connects again by itself, and says by Last-Event-ID what it has: but not after an answer that is
      // no stream. Then all is told from the start.
      events.onerror = () => {
        setResuming(true);
        if (events.readyState === EventSource.CLOSED) timer = window.setTimeout(connect, againMs, id);
      };
      for (const name of eventNames) {
        events.addEventListener(name, (message: MessageEvent<string>) => {
          change({ kind: "event", event: { event: name, data: parseVisibly(message.data) } as JobEvent });
          if (name === "done") {
            events.close();
            setResuming(false);
          }
        });
      }
    }
    connect(jobId);
    return () => {
      window.clearTimeout(timer);
      events.close();
    };
  }, [understudy, jobId]);
  return { run, isResuming };
}

function next(run: JobRun | undefined, change: Change): JobRun | undefined {
  if (change.kind === "begin") return newRun(change.jobId);
  return run && after(run, change.event);
}
