import { databaseFault } from "@understudy/database";
import type { GenerationOutcome } from "@understudy/gemini";

/** Why a step has no answer; ends the agent's run, and decides how the attempt ends. */
export class StepStopped extends Error {
  readonly outcome: Exclude<GenerationOutcome<never>, { kind: "answered" }>;
  /** The step's whole key, where the model was asked. */
  readonly stepKey: string | undefined;

  constructor(outcome: StepStopped["outcome"], stepKey?: string) {
    super(`A step stopped: ${outcome.kind}`);
    this.outcome = outcome;
    this.stepKey = stepKey;
  }
}

/** Whether it is the attempt itself that can't go on, whatever the agent could do without. */
export function endsAttempt(error: unknown, signal: AbortSignal): boolean {
  const fault = databaseFault(error);
  return (
    signal.aborted ||
    fault === "away" ||
    fault === "ours" ||
    (error instanceof StepStopped && error.outcome.kind === "fenced")
  );
}
