import type { CallEnd } from "./ending.ts";
import type { NewCall, OpenedCall } from "./opening.ts";

/** One attempt of a job. */
export interface AttemptName {
  jobId: string;
  /** The fencing number. */
  attempt: number;
}

/** A finished step of an attempt, and the insight that it shares. */
export interface FinishedStep extends AttemptName {
  key: string;
  /** Whose step it is. */
  agentId: string;
  result: object;
  insight?: SharedInsight;
}

export interface SharedInsight {
  id: string;
  scope: "creator" | "everyone";
  fanId?: string | undefined;
  type: string;
  confidence: number;
  text: string;
  data: object;
  expiresAt?: Date | undefined;
}

/** How an attempt ends its job. */
export interface JobEnd {
  id: string;
  attempt: number;
  status: "completed" | "failed" | "blocked";
  result?: unknown;
  errorCode?: string;
  errorMessage?: string;
  errorRetryable?: boolean;
  errorResetsAt?: Date | undefined;
  /** Key of the step whose answer could not be used. */
  errorStep?: string | undefined;
  /** Of the event in the outbox: stable, however often it is told. */
  eventId: string;
}

/** An item of write-attempts.sql. */
export interface AttemptWrite extends AttemptName {
  answers: CallEnd[];
  steps: Omit<FinishedStep, keyof AttemptName>[];
  open?: NewCall;
  end?: Omit<JobEnd, "id" | "attempt">;
}

/** A row of write-attempts.sql. */
export interface AttemptWritten extends OpenedCall {
  jobId: string;
  owned: boolean;
  ended: boolean;
  endedCalls: string[];
  roomOf: string | null;
}
