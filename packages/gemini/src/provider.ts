import type { ServiceTier } from "@understudy/contracts";
import type { ThinkingSetting } from "@understudy/ledger";
import type { Generation } from "./generation.ts";
import type { SafetyThresholds } from "./safety-settings.ts";

/** One request, ready for the wire. */
export interface GenerationRequest {
  callId: string;
  model: string;
  /** What it is for, such as `draft`: chooses the safety settings; those of all roles unless given. */
  role?: string | undefined;
  system: string;
  parts: string[];
  /** JSON schema of the answer; text unless given. */
  jsonSchema?: object;
  serviceTier: ServiceTier;
  maxOutputTokens: number;
  /** Undefined for a model that refuses the setting. */
  thinking: ThinkingSetting | undefined;
  /** For this request, over what its role has. */
  safetySettings?: SafetyThresholds | undefined;
  /** The whole exchange, the body included. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Streams the answer: hears of each piece of its text as it comes. Must not throw. */
  onText?: ((text: string) => void) | undefined;
}

/**
 * Who answers requests. What calls it, holds for it and bills it knows no protocol: an adapter speaks one provider's.
 *
 * What an adapter must keep: one call is one billed request; what went wrong is a value, never thrown; `refused` is
 * said only of what can't have been billed, `lost` of all that may; usage is told as `usageMetadata` names it, tokens
 * of the prompt with the cached ones, thoughts beside the output.
 */
export interface ModelProvider {
  /** For logs and traces. */
  readonly name: string;
  generate(request: GenerationRequest): Promise<Generation>;
  /** Ends what is under way. */
  close(): Promise<void>;
}
