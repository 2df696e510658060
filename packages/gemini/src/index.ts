export type { AnswerStream, AskedStep } from "./asked-step.ts";
export type { CallObserver, NotMade, ObservedCall } from "./call-observer.ts";
export { GeminiClient, type GeminiSettings } from "./gemini-client.ts";
export {
  type GenerationOutcome,
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "./generate-with-billing.ts";
export { cancelled, type Generation, isCutOff } from "./generation.ts";
export { ModelGate } from "./model-gate/model-gate.ts";
export { type ModelLimit, modelLimits } from "./model-gate/model-limits.ts";
export type { GenerationRequest, ModelProvider } from "./provider.ts";
export { safetySettings } from "./safety-settings.ts";
export type { InvalidOutput } from "./structured-output.ts";
