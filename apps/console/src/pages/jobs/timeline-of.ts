import { isTerminal, type Job, type JobStory } from "@understudy/contracts";
import { formatDuration } from "../../layout/time-ago.ts";
import { formatUsd, sumUsd } from "../../money/usd.ts";
import { waitingWords } from "./waiting-words.ts";

export interface TimelineEntry {
  id: string;
  title: string;
  detail?: string;
  at?: string;
  tone?: "bad";
}

/** A job's story in the order of time: accepted, started, each step and call that did not end well, its end, who was told. */
export function timelineOf(story: JobStory): TimelineEntry[] {
  const { job } = story;
  const retried = earlierEnds(story);
  return [
    { id: "accepted", title: "Accepted", at: job.createdAt },
    ...(job.startedAt ? [started(job.createdAt, job.startedAt, retried.length > 0)] : []),
    ...middle(story),
    ...retried,
    ...ending(job),
    ...story.events.flatMap((event) => event.deliveries.map(told)),
  ].toSorted((a, b) => timeOf(a) - timeOf(b));
}

/** What has no time is still to come. */
function timeOf({ at }: TimelineEntry): number {
  return at === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(at);
}

function started(createdAt: string, startedAt: string, isAgain: boolean): TimelineEntry {
  const waited = formatDuration(Date.parse(startedAt) - Date.parse(createdAt));
  return {
    id: "started",
    ...(isAgain ? { title: "Started again" } : { title: "Started", detail: `after ${waited}` }),
    at: startedAt,
  };
}

function middle({ steps, calls }: JobStory): TimelineEntry[] {
  // A step that was called again, in another attempt, costs all of its calls.
  const paid = new Map<string, string>();
  for (const { stepKey, costUsd } of calls) {
    if (costUsd !== null) paid.set(stepKey, sumUsd([paid.get(stepKey) ?? "0", costUsd]));
  }
  return [
    ...steps.map(({ key, agentId, createdAt: at }): TimelineEntry => {
      const costUsd = paid.get(key);
      return {
        id: `step ${key}`,
        title: `Step ${key}`,
        detail: costUsd === undefined ? agentId : `${agentId} · ${formatUsd(costUsd)}`,
        at,
      };
    }),
    ...calls.filter(wentWrong).map(
      (call): TimelineEntry => ({
        id: `call ${call.id}`,
        title: `A call of ${call.stepKey} did not end well`,
        detail: [call.status, call.errorCode, call.httpStatus, call.providerMessage]
          .filter((part) => part !== null && part !== undefined)
          .join(" · "),
        at: call.settledAt ?? call.startedAt,
        tone: "bad",
      }),
    ),
  ];
}

/** How it had ended before it was retried. */
function earlierEnds({ events }: JobStory): TimelineEntry[] {
  return events.flatMap(({ id, end }) =>
    end
      ? [
          {
            id,
            title: "Failed, and was retried",
            detail: `${end.error.code}: ${end.error.message}`,
            at: end.finishedAt,
            tone: "bad" as const,
          },
        ]
      : [],
  );
}

function wentWrong({ status, errorCode }: JobStory["calls"][number]): boolean {
  return status === "unknown" || status === "released" || errorCode !== null;
}

function ending(job: Job): TimelineEntry[] {
  if (!isTerminal(job.status)) {
    const title = job.status === "running" ? "Running" : "Waiting";
    return [{ id: "now", title, ...(job.waitingFor && { detail: waitingWords[job.waitingFor] }) }];
  }
  return [
    {
      id: "end",
      title: `${job.status.charAt(0).toUpperCase()}${job.status.slice(1)}`,
      ...(job.error && { detail: `${job.error.code}: ${job.error.message}` }),
      ...(job.finishedAt && { at: job.finishedAt }),
      ...(job.status !== "completed" && { tone: "bad" as const }),
    },
  ];
}

function told(delivery: JobStory["events"][number]["deliveries"][number]): TimelineEntry {
  const last = delivery.tries.at(-1);
  const outcome = { delivered: "Told", pending: "Still to be told", failed: "Not told" }[delivery.status];
  return {
    id: delivery.id,
    title: `${outcome} to endpoint ${delivery.endpointId}`,
    detail: `${delivery.type}, ${delivery.tries.length} ${delivery.tries.length === 1 ? "try" : "tries"}`,
    ...(last && { at: last.at }),
    ...(delivery.status === "failed" && { tone: "bad" }),
  };
}
