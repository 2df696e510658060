import type { z } from "zod";
import type { ServiceTier } from "./call.ts";
import type { ModelRole } from "./model.ts";

/**
 * A step in which the model is asked, as it is declared: once, with all that bounds what it can cost. Its bounds hold for
 * what must be there for a job, for what is reserved, and for what is sent.
 */
export interface Step {
  /** What the model is called for; its agent's role unless given. */
  role?: ModelRole;
  /** In place of the role's. */
  model?: string;
  serviceTier?: Exclude<ServiceTier, "batch">;
  /** Instructions. Text from outside never stands here. */
  system: string;
  /** The answer's form; a text unless given. */
  output?: z.ZodObject;
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** As few as an answer of its form needs, asked for where there is room for no more; `maxOutputTokens` unless given. */
  leastOutputTokens?: number;
  /** Most tokens of thoughts; as few as the model can do unless given. */
  thinkingBudget?: number;
  /** Field of the output, a text, that readers of the job's events are shown while it is generated. */
  streams?: string;
  /** Most bytes that its parts add to the prompt (`partBytes`), without those that can be spared. */
  partsBytesMax: number;
  /** Most bytes that the parts add which can be spared: left out where what is spent leaves no room for them. */
  spareBytesMax?: number;
}

/** What stands in a prompt: a text, or one without which the step still can be done. */
export type Part = string | { spare: string };

/** A part that is left out where there is no room for it. */
export const spare = (text: string): Part => ({ spare: text });

/** Room for what the protocol itself adds around each part, roles and separators; in tokens. */
export const aroundPart = 16;

/** The texts of parts. @param withSpare also of those that can be spared */
export function textsOf(parts: readonly Part[], withSpare = true): string[] {
  return parts.flatMap((part) => (typeof part === "string" ? [part] : withSpare ? [part.spare] : []));
}

const encoder = new TextEncoder();
const ascii = /^[\0-\x7f]*$/;

/** Length of a text in UTF-8, which bounds its tokens: no token is shorter than a byte. */
export function bytesOf(text: string): number {
  return ascii.test(text) ? text.length : encoder.encode(text).length;
}

/** What a part adds to a prompt's upper bound. */
export function partBytes(text: string): number {
  return bytesOf(text) + aroundPart;
}

/** How parts are longer than their step declares, in figures alone; undefined where they are not. */
export function longerThanDeclared(
  { partsBytesMax, spareBytesMax = 0 }: Step,
  parts: readonly Part[],
): string | undefined {
  let [neededBytes, spareBytes] = [0, 0];
  for (const part of parts) {
    if (typeof part === "string") neededBytes += partBytes(part);
    else spareBytes += partBytes(part.spare);
  }
  if (neededBytes <= partsBytesMax && spareBytes <= spareBytesMax) return undefined;
  return `${neededBytes} bytes of at most ${partsBytesMax}, and ${spareBytes} to spare of at most ${spareBytesMax}`;
}
