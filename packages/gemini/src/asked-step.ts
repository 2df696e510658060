import type { ModelRole, Part, Step } from "@understudy/contracts";
import type { Decimal } from "@understudy/ledger";
import type { CallObserver } from "./call-observer.ts";

/** A declared step as it is asked: what to work on, and on whose account it goes. */
export interface AskedStep {
  step: Step & { role: ModelRole };
  parts: readonly Part[];
  /** The creator's, whose jobs may have models of their own. */
  plan: string;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Held for the job beside this call, in USD: for others that it can't do without. Asked when the call is written down. */
  reserveUsd: () => Decimal;
  /** Hears that the call is written down, with a hold of its own. */
  onOpen?: () => void;
  /** Streams the answer. Not called for one that is remembered. */
  streams?: AnswerStream | undefined;
  observer?: CallObserver;
  metadata: {
    creatorId: string;
    feature: string;
    agentId: string;
    jobId: string;
    /** Fencing number of the job's attempt. */
    attempt: number;
    /** The finished step under which the answer is remembered. */
    stepKey: string;
  };
}

/** Who is shown a text while it is generated. */
export interface AnswerStream {
  /** The field of a structured output that is shown; of a text all is. */
  field: string;
  /** Hears of each piece. Must not throw. */
  onText(text: string): void;
}
