import { type Part, type Step, textsOf } from "@understudy/contracts";
import {
  type AnswerLength,
  type CallIntent,
  type Candidate,
  type Decimal,
  dearestWorstCaseUsd,
  type Ledger,
  type NotOpened,
  type OpenCall,
  promptTokensMax,
  promptWorstCaseUsd,
  worstCaseUsd,
} from "@understudy/ledger";
import type { AskedStep } from "./asked-step.ts";

/** How much of a step is asked for, and what that may cost. */
export interface Extent {
  parts: string[];
  promptTokens: number;
  length: AnswerLength;
  holdUsd: Decimal;
}

/** All of it; where there is no room, its shortest answer; and at last that without what can be spared. */
export function extentsOf(
  step: Step,
  parts: readonly Part[],
  candidates: readonly [Candidate, ...Candidate[]],
): [Extent, ...Extent[]] {
  const { maxOutputTokens, leastOutputTokens = maxOutputTokens } = step;
  const extentOf = (texts: string[], length: AnswerLength): Extent => {
    const promptTokens = promptTokensMax(step, texts);
    const holdUsd = dearestWorstCaseUsd(candidates, step, promptTokens, length);
    return { parts: texts, promptTokens, length, holdUsd };
  };
  const shortest = leastOutputTokens < maxOutputTokens ? "least" : "usual";
  const [all, needed] = [textsOf(parts), textsOf(parts, false)];
  return [
    extentOf(all, "usual"),
    ...(shortest === "least" ? [extentOf(all, shortest)] : []),
    ...(needed.length < all.length ? [extentOf(needed, shortest)] : []),
  ];
}

/** A call that is written down, and how much of its step it asks for. */
export interface Opened {
  kind: "open";
  call: OpenCall;
  extent: Extent;
  /** Why it asks for a shorter answer than its step would have. */
  shortOf: NotOpened | undefined;
}

/** Writes the call down with its hold: of as much as there is room for. */
export async function openCall(
  ledger: Ledger,
  { step, metadata, reserveUsd, onOpen, timeoutSeconds }: AskedStep,
  candidate: Candidate,
  extents: readonly [Extent, ...Extent[]],
): Promise<Opened | NotOpened> {
  const refusals: NotOpened[] = [];
  for (const extent of extents) {
    const { parts, promptTokens, length, holdUsd } = extent;
    // What only others' holds keep out can wait, and need leave nothing out.
    if (refusals.at(-1)?.kind === "wait" && parts !== extents[0].parts) break;
    const intent: CallIntent = {
      ...metadata,
      id: ledger.newCallId(),
      price: candidate.prices[0],
      routedTo: candidate.routedTo,
      holdUsd,
      worstUsd: worstCaseUsd(candidate, step, promptTokens, length),
      promptWorstUsd: promptWorstCaseUsd(candidate, promptTokens),
      reserveUsd: reserveUsd(),
      // What is over must first have had the time to be settled.
      timeoutSeconds: timeoutSeconds + settleGraceSeconds,
    };
    const found = await ledger.openCall(intent);
    if (found.kind === "open") {
      onOpen?.();
      const shortOf = length === extents[0].length ? undefined : refusals[0];
      return { kind: "open", call: found, extent, shortOf };
    }
    refusals.push(found);
    if (found.kind === "fenced" || (found.kind === "wait" && found.waitingFor === "paused")) break;
  }
  const last = refusals.at(-1);
  if (!last) throw new Error("A step has no extent.");
  return last;
}

/** How long after a call's time-out its answer may still be settled before it counts as lost. */
const settleGraceSeconds = 15;
