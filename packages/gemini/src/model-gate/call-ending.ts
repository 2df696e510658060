import { z } from "zod";
import { abortedBeforeSending, type Generation } from "../generation.ts";
import type { CallEnding } from "./model-gate.ts";

/** What the call tells of its model. */
export function endingOf(generation: Generation | undefined): CallEnding {
  if (generation === undefined) return "unsent";
  switch (generation.kind) {
    case "answered":
      return "answered";
    case "lost":
      return generation.reason === "aborted" || generation.reason === "cancelled" ? "unjudged" : "failed";
    case "refused":
      if (generation.errorCode === abortedBeforeSending) return "unsent";
      // Nobody reached, or a fault of the server; all else is refused by a model that is well.
      return (generation.httpStatus ?? 500) >= 500 ? "failed" : "refused";
  }
}

const usageTotal = z.object({ totalTokenCount: z.int().min(0) });

/** What the call came to, in tokens; undefined where nobody said. */
export function tokensUsed(generation: Generation | undefined): number | undefined {
  if (generation?.kind !== "answered") return undefined;
  return usageTotal.safeParse(generation.usage).data?.totalTokenCount;
}
