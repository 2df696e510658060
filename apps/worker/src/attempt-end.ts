import { databaseFault, sqlState } from "@understudy/database";
import type { GenerationOutcome } from "@understudy/gemini";
import { formatUsd, type NoRoom } from "@understudy/ledger";

/** How an attempt ended. */
export type AttemptEnd =
  | { kind: "completed"; result: object }
  /** Terminal: trying again by itself would not help. */
  | {
      kind: "failed";
      code: string;
      message: string;
      retryable: boolean;
      resetsAt?: Date;
      /** Key of the step whose answer could not be used. */
      step?: string;
      /** Why Postgres refuses what the job has to keep. */
      sqlState?: string;
    }
  /** Gemini's own refusal. */
  | { kind: "blocked"; code: string; message: string }
  /** Worth another attempt; when all are used up the job fails with this. */
  | { kind: "try_again"; code: string; message: string; waitingFor: "provider" | "worker" }
  /** Not the job's fault: put off by `delayMs`, which uses up no attempt. */
  | { kind: "put_off"; delayMs: number; waitingFor: "provider" | "worker" }
  /** Others' holds, or the switch that stops all spending, keep it out; uses up no attempt. */
  | { kind: "wait_for_room"; waitingFor: "quota" | "paused"; neededUsd: string }
  /** The app wants no result any more, and has been told so. */
  | { kind: "cancelled" }
  /** Another attempt has the job: nothing more to do or say. */
  | { kind: "fenced" };

/** Pause of a job that could not go on without Postgres; it also waits until that is written down. */
const databaseAwayMs = 1_000;

/** Pause of a job whose statement Postgres does not know: while a migration is under way it will. */
const databaseUnknowingMs = 10_000;

/** Ends an agent's run, and with it the attempt, unless whoever has delegated can do without. */
export class AttemptEnded extends Error {
  readonly end: AttemptEnd;

  constructor(end: AttemptEnd) {
    super(`The attempt ends: ${wordOf(end)}`);
    this.end = end;
  }
}

/** Reads what an agent's run threw. */
export function readThrown(error: unknown): AttemptEnd {
  if (error instanceof AttemptEnded) return error.end;
  switch (databaseFault(error)) {
    case "away":
      return { kind: "put_off", delayMs: databaseAwayMs, waitingFor: "worker" };
    case "ours":
      return { kind: "put_off", delayMs: databaseUnknowingMs, waitingFor: "worker" };
    case "data":
      return notStorable(sqlState(error));
    case undefined:
      // A fault in the agent: the log has it, the job's error says no more than that.
      return {
        kind: "failed",
        code: "agent_error",
        message: "The agent failed on this input.",
        retryable: true,
      };
  }
}

/** What an agent's run threw, in a word: the code of a job that ends so, else how its attempt ends. */
export function wordOfThrown(error: unknown): string {
  return wordOf(readThrown(error));
}

function wordOf(end: AttemptEnd): string {
  return "code" in end ? end.code : end.kind;
}

/** Whether it is the attempt itself that can't go on, whatever the agent could do without. */
export function endsAttempt(error: unknown, signal: AbortSignal): boolean {
  const fault = databaseFault(error);
  return (
    signal.aborted ||
    fault === "away" ||
    fault === "ours" ||
    (error instanceof AttemptEnded && error.end.kind === "fenced")
  );
}

type WithoutAnswer = Exclude<GenerationOutcome<never>, { kind: "answered" }>;

/**
 * How an attempt ends since a step has no answer.
 * @param stepKey the step's whole key
 * @param stopping the worker is going away: the abort was ours
 */
export function endWithoutAnswer(outcome: WithoutAnswer, stepKey: string, stopping: boolean): AttemptEnd {
  switch (outcome.kind) {
    case "fenced":
      return { kind: "fenced" };
    case "blocked":
      return noAnswers.has(outcome.reason)
        ? { kind: "blocked", code: "no_answer", message: `The model gave no answer (${outcome.reason}).` }
        : { kind: "blocked", code: "safety", message: `The model refused to answer: ${refusalOf(outcome)}.` };
    case "output_invalid":
      return {
        kind: "failed",
        code: "output_invalid",
        message: `The model's answer does not fit its schema (${faultOf(outcome)}).`,
        retryable: true,
        step: stepKey,
      };
    case "unknown_model":
      return {
        kind: "failed",
        code: "unknown_model",
        message: `${outcome.model} is not registered, has no price, or is retired. Those that can be called: ${outcome.models.join(", ")}.`,
        retryable: false,
      };
    case "wait":
      return { kind: "wait_for_room", waitingFor: outcome.waitingFor, neededUsd: outcome.requiredUsd };
    case "no_room":
      return readNoRoom(outcome);
    case "model_wait":
      return { kind: "put_off", delayMs: outcome.delayMs, waitingFor: "provider" };
    case "refused":
      return readRefusal(outcome);
    case "lost":
      if (stopping) return { kind: "put_off", delayMs: 0, waitingFor: "worker" };
      return {
        kind: "try_again",
        code: outcome.reason === "connection" ? "provider_unavailable" : "timed_out",
        message: `The model's answer was lost (${outcome.reason}).`,
        waitingFor: "provider",
      };
  }
}

/** Of a job that has to keep something which Postgres refuses. */
export function notStorable(state = "unknown"): AttemptEnd & { kind: "failed" } {
  return {
    kind: "failed",
    code: "not_storable",
    message: `The database can't store what this job has to keep (SQLSTATE ${state}).`,
    retryable: true,
    sqlState: state,
  };
}

/** It ended well, or at its limit, and had written nothing. */
const noAnswers = new Set(["NO_TEXT", "MAX_TOKENS"]);

/** Such as `PROHIBITED_CONTENT`, or `SAFETY, HARM_CATEGORY_HARASSMENT`. */
function refusalOf({ reason, harmCategories }: WithoutAnswer & { kind: "blocked" }): string {
  return [reason, ...harmCategories].join(", ");
}

function faultOf({ faults, isCutOff }: WithoutAnswer & { kind: "output_invalid" }): string {
  return isCutOff ? "cut off at its token limit" : (faults[0] ?? "");
}

function readRefusal(refusal: WithoutAnswer & { kind: "refused" }): AttemptEnd {
  const { httpStatus, errorCode } = refusal;
  const message = `The model's API answered ${httpStatus ?? "nothing"} (${errorCode}).`;
  if (httpStatus === 404 && errorCode === "not_found") {
    return { kind: "failed", code: "model_unavailable", message, retryable: true };
  }
  if (refusal.retryable) {
    return { kind: "try_again", code: "provider_unavailable", message, waitingFor: "provider" };
  }
  return { kind: "failed", code: "provider_refused", message, retryable: false };
}

const boundNames = {
  quota: "The creator's monthly quota",
  key: "The API key's budget",
  platform: "The platform's monthly budget",
};

function readNoRoom(noRoom: NoRoom): AttemptEnd {
  const { bound, resetsAt } = noRoom;
  const [limit, required, spent, held, unknown] = [
    noRoom.limitUsd,
    noRoom.requiredUsd,
    noRoom.spentUsd,
    noRoom.heldUsd,
    noRoom.unknownUsd,
  ].map((usd) => `$${formatUsd(usd)}`);
  return {
    kind: "failed",
    code: bound === "quota" ? "quota_exceeded" : "budget_exceeded",
    message:
      `${boundNames[bound]} of ${limit} has no room for ${required}: ${spent} spent, ${held} held, ${unknown} unknown.` +
      (resetsAt ? ` It resets at ${resetsAt.toISOString()}.` : ""),
    retryable: true,
    ...(resetsAt && { resetsAt }),
  };
}
