export { GeminiClient, type GeminiSettings, type Generation } from "./gemini-client.ts";
export {
  type BilledRequest,
  type GenerationOutcome,
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "./generate-with-billing.ts";
