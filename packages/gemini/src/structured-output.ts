import type { z } from "zod";
import { isCutOff } from "./generation.ts";
import { storableValue } from "./storable.ts";

/** A model's answer that does not fit its schema. */
export interface InvalidOutput {
  kind: "output_invalid";
  /** Where and what kind of fault, such as `compliance.severity: invalid_value`; never what the model wrote. */
  faults: string[];
  /** It ended at its token limit. */
  isCutOff: boolean;
  /** What the model wrote. Goes to nobody but the model. */
  answer: string;
}

/** As many as help to mend it; a long list of the wrong kind has one for each entry. */
const faultsMax = 20;

/** Reads a model's answer as an object that fits `output`. */
export function readStructuredOutput<Output extends z.ZodObject>(
  output: Output,
  answer: string,
  finishReason: string | undefined,
): { kind: "valid"; value: z.infer<Output> } | InvalidOutput {
  const parsed = output.safeParse(parseJson(answer));
  if (parsed.success) return { kind: "valid", value: parsed.data };
  const faults = parsed.error.issues.slice(0, faultsMax).map(({ path, code }) => {
    const where = path.map(pathStep).join(".");
    return `${where === "" ? "the whole answer" : where}: ${code}`;
  });
  return { kind: "output_invalid", faults, isCutOff: isCutOff(finishReason), answer };
}

/** The names of a record are the model's own words. */
function pathStep(step: PropertyKey): string {
  return /^\w{1,40}$/.test(String(step)) ? String(step) : "?";
}

function parseJson(text: string): unknown {
  try {
    // A string may have been written with escapes for what a raw text could not hold.
    return storableValue(JSON.parse(text));
  } catch {
    return undefined;
  }
}
