import type { Bill } from "./bill.ts";
import type { Method } from "./models.ts";
import type { PromptCache } from "./prompt-cache.ts";
import type { Recordings } from "./recordings.ts";
import type { RequestStore } from "./request-store.ts";
import type { Rules } from "./rules.ts";

export interface Emulator {
  bill: Bill;
  rules: Rules;
  recordings: Recordings;
  requests: RequestStore;
  promptCache: PromptCache;
  /** Before each answer, in milliseconds. */
  latencyMs: number;
  /** Its date, in milliseconds since 1970. */
  now(): number;
  /** Takes what Google refuses. */
  lenient: boolean;
}

/** One request to a method of a model. */
export interface Call {
  apiVersion: string;
  /** As it stands in the path. */
  modelName: string;
  method: Method;
  sse: boolean;
  apiKey: string;
  callId: string | null;
}
