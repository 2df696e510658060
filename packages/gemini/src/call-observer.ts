import type { NotOpened, SettledCall } from "@understudy/ledger";
import type { Generation } from "./generation.ts";
import type { ModelDelay } from "./model-gate/model-gate.ts";

/** A call that is written down and goes out now. */
export interface ObservedCall {
  id: string;
  /** Where it stands in the price list. */
  model: string;
  agentId: string;
  stepKey: string;
  maxOutputTokens: number;
  isStreamed: boolean;
  /** The answer has to fit a schema. */
  isStructured: boolean;
}

/** Why a call was not made. */
export type NotMade = ModelDelay | NotOpened;

/**
 * Hears of what becomes of calls, for metrics and traces: nothing of prompts, and of answers only what surrounds them.
 * Must not throw.
 */
export interface CallObserver {
  notMade(model: string, why: NotMade): void;
  made(call: ObservedCall): {
    /** The HTTP exchange is over. */
    ended(generation: Generation): void;
    /** An answer is paid for; never heard where it was refused or lost. */
    settled(call: SettledCall): void;
  };
}
