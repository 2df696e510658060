export { GeminiClient, type GeminiSettings, type Generation } from "./gemini-client.ts";
export {
  type BilledRequest,
  type GenerationOutcome,
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "./generate-with-billing.ts";
export { ModelGate } from "./model-gate/model-gate.ts";
export { type ModelLimit, modelLimits } from "./model-gate/model-limits.ts";
